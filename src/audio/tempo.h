// Tempo and beats of a track, as librosa's `beat_track` finds them with its defaults: onset
// strength from a mel spectrogram, tempo from the mean autocorrelation of the onsets, beats by
// dynamic programming. Results are the same from run to run and for any number of threads.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

namespace headroom {

/// Samples per frame of everything below; frame t is centred on sample t·kTempoHop.
inline constexpr std::int64_t kTempoHop = 512;

/// `mono` [n] fp32 → fp32 [1 + n / 512]: how much louder the middle one of 128 mel bands gets, in
/// dB per frame, down to 80 dB below the loudest. Memory: 48 kB per second at 48 kHz.
at::Tensor onset_strength(const at::Tensor& mono, int rate);

/// The mean over all frames of the normalised autocorrelation of 8 s of onsets around each: double
/// [lags], lag k being k frames; 750 lags at 48 kHz.
at::Tensor mean_tempogram(const at::Tensor& onsets, int rate);

/// Beats per minute of the likeliest lag, with a preference for 120. Below 320. Quantised to
/// 60·rate / (512·lag).
double likeliest_tempo(const at::Tensor& tempogram, int rate);

/// What beat tracking found, and what it found it from.
struct BeatTrack {
  double bpm = 0.0;                 // 0 for silence
  std::vector<std::int64_t> beats;  // frame numbers, ascending
  at::Tensor onset_envelope;        // fp32 [frames]
  at::Tensor tempogram_mean;        // double [lags]; empty for silence
  at::Tensor local_score;           // double [frames]; empty for silence
  at::Tensor cumulative_score;      // double [frames]; empty for silence

  /// Beat positions in seconds.
  std::vector<double> beat_times(int rate) const;
};

/// Tempo and beats of `mono` [n] fp32. Rates from 8 kHz; throws Error(input) below.
BeatTrack track_beats(const at::Tensor& mono, int rate);

/// The tempo alone; 0 for silence.
double estimate_tempo(const at::Tensor& mono, int rate);

/// A tempo as the server says it: an integer, halves to even. `silent` stands in for 0.
int reported_bpm(double tempo, int silent = 120);

/// The coarse second estimator that the reference's AudioInfo node has: spectral flux at 22.05 kHz,
/// raw autocorrelation, 60 to 200 BPM in steps of whole frames. 120 when there is nothing to find.
/// Prefers half the tempo; for parity only.
int coarse_bpm(const at::Tensor& mono, int rate);

}  // namespace headroom
