// Resampling with libsoxr at its HQ setting: what files are decoded and written with, at any rate.
#pragma once

#include <cstdint>
#include <memory>

#include <ATen/ATen.h>

namespace headroom {

/// Resamples a signal that arrives in blocks; the result does not depend on their sizes. No delay:
/// output sample k belongs to the time of input sample k·from/to. Single-threaded inside; one
/// thread at a time; movable.
class SoxrResampler {
 public:
  /// Rates in Hz; throws Error(input) when the library refuses them. Equal rates pass through.
  SoxrResampler(int from_rate, int to_rate, std::int64_t channels);
  ~SoxrResampler();
  SoxrResampler(SoxrResampler&& other) noexcept;

  /// `block` [channels, n] fp32 → what is ready, [channels, m], m ≥ 0.
  at::Tensor push(const at::Tensor& block);
  /// The rest, so that resampled_length() samples have come in all. Call once, last.
  at::Tensor finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// `audio` [channels, n] fp32 in one go.
at::Tensor soxr_resample(const at::Tensor& audio, int from_rate, int to_rate);

}  // namespace headroom
