// The musical key of a track from its chroma: how much of each of the twelve pitch classes it
// holds, compared with the profiles of the 24 keys. Needs no weights. Results are the same from run
// to run and for any number of threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <ATen/ATen.h>

namespace headroom {

inline constexpr std::int64_t kChromaFft = 16384;
inline constexpr std::int64_t kChromaHop = 8192;

/// Published key profiles. On synthetic progressions Temperley's is right most often; edma and
/// bgate were made for electronic music.
enum class KeyProfile { krumhansl, temperley, edma, bgate };

/// Throws Error(usage) naming the four for any other name.
KeyProfile parse_key_profile(std::string_view name);

/// A key. `index` is 12·mode + tonic: C = 0 … B = 11, major = 0, minor = 1.
struct KeyEstimate {
  int index = 0;
  double confidence = 0.0;   // lead over the second best correlation; 0 for silence
  std::string name() const;  // "C major", "F# minor": sharps only
};

/// "A# minor" for 22. Throws Error(internal) outside of 0..23.
std::string key_name(int index);

/// [12, kChromaFft / 2 + 1] fp32 weights of STFT power per pitch class, C first. `tuning` is the
/// deviation from A = 440 Hz in semitones.
at::Tensor chroma_filter(int rate, double tuning);

/// Chroma per frame, each divided by its maximum: `mono` [n] → fp32 [12, 1 + n / kChromaHop].
at::Tensor chroma(const at::Tensor& mono, int rate, double tuning = 0.0);

/// Deviation from A = 440 Hz in semitones, −0.5 ≤ t < 0.5, in steps of 0.01: the commonest residual
/// of the spectral peaks between 150 and 4000 Hz. 0 when there are none.
double estimate_tuning(const at::Tensor& mono, int rate);

/// Pearson correlations of a mean chroma [12] with the profile of every key: double [24], in the
/// order of KeyEstimate::index. All 0 for a chroma without variance.
at::Tensor key_scores(const at::Tensor& mean_chroma, KeyProfile profile);

/// The best of the scores.
KeyEstimate best_key(const at::Tensor& scores);

struct KeySettings {
  KeyProfile profile = KeyProfile::temperley;
  std::optional<double> tuning = std::nullopt;  // semitones; estimated when not given
};

/// Key of `mono` [n] fp32, any length; "C major" with confidence 0 for silence. Rates from 8 kHz;
/// throws Error(input) below.
KeyEstimate detect_key(const at::Tensor& mono, int rate, const KeySettings& settings = {});

}  // namespace headroom
