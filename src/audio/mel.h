// The Slaney mel scale and its triangles, and the band layout of the separator.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

namespace headroom {

/// Linear below 1000 Hz (3 mel per 200 Hz), logarithmic above (27 mel per factor 6.4).
double hz_to_mel(double hz);
double mel_to_hz(double mel);

/// `count` frequencies in Hz, equally spaced in mel from 0 to `highest_hz`, both included.
std::vector<double> mel_frequencies(std::int64_t count, double highest_hz);

/// [bands, n_fft / 2 + 1] fp32: triangle b rises from point b of mel_frequencies(bands + 2, rate/2)
/// to point b + 1 and falls to point b + 2, with area 1. Evaluated in double as librosa does.
at::Tensor mel_filterbank(int rate, std::int64_t n_fft, std::int64_t bands);

/// A triangular filterbank without its zeros, for quick and repeatable products.
class SparseFilterbank {
 public:
  /// `filters` [bands, bins] fp32; the non-zero values of each row must be neighbours.
  explicit SparseFilterbank(const at::Tensor& filters);

  std::int64_t bands() const { return static_cast<std::int64_t>(rows_.size()); }
  /// out[b] = Σ_k filters[b, k] · spectrum[k], summed in double. `spectrum` has all bins.
  void apply(const float* spectrum, float* out) const;

 private:
  struct Row {
    std::int64_t first;
    std::vector<float> weights;
  };
  std::vector<Row> rows_;
};

/// Which STFT bins each band of a mel-band separator works on. A row is 'bin · channels + channel'.
struct BandLayout {
  std::vector<std::int64_t> freq_indices;  // rows of band 0, of band 1, …; ascending in each
  std::vector<std::int64_t> num_freqs_per_band;  // [bands], in bins
  std::vector<std::int64_t> num_bands_per_freq;  // [bins]: how many bands hold the bin, ≥ 1
  std::vector<std::int64_t> dim_inputs;          // [bands]: 2 (re, im) · channels · bins
};

/// The layout of `bands` mel bands: a bin belongs to a band whose triangle is positive there; the
/// first bin is put into the first band and the last bin into the last. Throws Error(input) when a
/// band holds no bin, which means more bands than n_fft can carry.
BandLayout band_layout(int rate, std::int64_t n_fft, std::int64_t bands, std::int64_t channels);

}  // namespace headroom
