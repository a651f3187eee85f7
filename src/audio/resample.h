// Windowed-sinc resampling as torchaudio's `functional.resample` does it with its defaults: the
// filter that the separator was trained and is measured with. It is short (six zero crossings), so
// soft above 16 kHz; to decode files use SoxrResampler.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

namespace headroom {

/// Samples that `samples` become: ceil(samples · to_rate / from_rate).
std::int64_t resampled_length(std::int64_t samples, int from_rate, int to_rate);

/// The polyphase filter between two rates. With both rates divided by their greatest common divisor
/// to `stride` and `phases`: output m·phases + p is Σ_k tap(p, k) · x[m·stride + first(p) + k], x
/// being 0 outside of the signal. Only the non-zero taps are kept, evaluated in fp32 in the
/// reference's order of operations. Immutable.
class SincKernel {
 public:
  /// Rates in Hz, 1 to 10 MHz; throws Error(input) otherwise.
  SincKernel(int from_rate, int to_rate);

  std::int64_t stride() const { return stride_; }
  std::int64_t phases() const { return phases_; }
  std::int64_t taps() const { return taps_; }
  /// Where phase `p` starts, relative to the input position of its round; may be negative.
  std::int64_t first(std::int64_t p) const { return first_[static_cast<size_t>(p)]; }
  const float* phase(std::int64_t p) const { return weights_.data() + p * taps_; }

  /// How many inputs after (before) the position of a round any of its phases needs.
  std::int64_t reach_ahead() const { return ahead_; }
  std::int64_t reach_behind() const { return behind_; }

 private:
  std::int64_t stride_;
  std::int64_t phases_;
  std::int64_t taps_ = 0;
  std::int64_t ahead_ = 0;
  std::int64_t behind_ = 0;
  std::vector<std::int64_t> first_;
  std::vector<float> weights_;
};

/// Resamples a signal that arrives in blocks. Whatever the sizes of the blocks, what comes out is
/// bit for bit sinc_resample() of the whole: every output sample is one sum in one order. Keeps a
/// few dozen samples per channel between blocks. One thread at a time.
class SincResampler {
 public:
  SincResampler(int from_rate, int to_rate, std::int64_t channels);

  /// `block` [channels, n] fp32 → the samples that are complete with it, [channels, m], m ≥ 0.
  at::Tensor push(const at::Tensor& block);
  /// The rest, so that resampled_length() samples have come in all. Call once, last.
  at::Tensor finish();

 private:
  at::Tensor produce(std::int64_t outputs);
  void append(const at::Tensor& block);

  int from_rate_;
  int to_rate_;
  SincKernel kernel_;
  std::vector<std::vector<float>> pending_;  // per channel, from input position start_ on
  std::int64_t start_;                       // negative at first: the zeros before the signal
  std::int64_t received_ = 0;
  std::int64_t produced_ = 0;
  bool finished_ = false;
};

/// `audio` [channels, n] or [n], fp32 on the CPU → the same dimensions, resampled_length() samples.
/// Equal rates return `audio` itself. About 0.1 s for a minute of stereo.
at::Tensor sinc_resample(const at::Tensor& audio, int from_rate, int to_rate);

}  // namespace headroom
