// Separation without learning: median filters over a spectrogram. What lasts makes lines along
// time, what strikes makes lines along frequency; each point goes to whichever it is more of
// (Fitzgerald 2010).
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

namespace headroom::train {

/// The two sum to what went in.
struct HarmonicPercussive {
  at::Tensor harmonic;    // [c, n]
  at::Tensor percussive;  // [c, n]
};

/// `audio` [c, n], longer than half a window of `n_fft` samples (a power of two). Median filters of
/// 31 points and soft masks, each channel by itself.
HarmonicPercussive split_harmonic_percussive(const at::Tensor& audio, std::int64_t n_fft);

/// The voice by two such splits: seen through windows of a third of a second a voice wavers, so it
/// is with what strikes; seen through short ones it lasts. `audio` [c, n] at 44.1 or 48 kHz.
at::Tensor voice_by_median_filters(const at::Tensor& audio);

}  // namespace headroom::train
