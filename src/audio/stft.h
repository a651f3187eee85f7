// Short-time Fourier transforms. Spectra are frame-major, [channels, frames, n_fft / 2 + 1]
// complex and contiguous, which is what the FFT makes and takes; transpose(-1, -2) gives
// torch.stft's layout.
#pragma once

#include <cstdint>
#include <functional>

#include <ATen/ATen.h>

namespace headroom {

enum class Hann {
  periodic,   // 0.5 − 0.5·cos(2πk / n)
  symmetric,  // 0.5 − 0.5·cos(2πk / (n − 1))
};

/// What lies before and after the signal. With `reflect` and `zeros` frame t is centred on sample
/// t·hop; with `none` it starts there.
enum class Edge {
  reflect,  // mirrored, the edge sample not repeated; the signal must be longer than n_fft / 2
  zeros,
  none,
};

struct StftSettings {
  std::int64_t n_fft;
  std::int64_t hop;
  Hann window = Hann::periodic;
  Edge edge = Edge::reflect;
};

/// [length], computed in double, rounded to fp32.
at::Tensor hann_window(std::int64_t length, Hann kind);

/// 1 + samples / hop when centred; 1 + (samples − n_fft) / hop, not below 0, otherwise.
std::int64_t stft_frames(std::int64_t samples, const StftSettings& settings);

/// `audio` [channels, n] fp32, on any device → complex64 [channels, frames, bins], one-sided and
/// unnormalised. Throws Error(input) when the signal is too short for `reflect`.
at::Tensor stft(const at::Tensor& audio, const StftSettings& settings);

/// The inverse of a centred stft(): windowed overlap-add divided by the sum of the squared windows,
/// the padding cut off. [channels, frames, bins] → fp32 [channels, hop·(frames − 1)].
at::Tensor istft(const at::Tensor& spectrum, const StftSettings& settings);

/// The same frames as stft(), `frames_per_block` at a time, for tracks of any length: `visit` gets
/// [channels, ≤ frames_per_block, bins] and the number of the block's first frame. Memory:
/// about 16·n_fft bytes per frame of a block and channel, beside the audio itself.
void stft_for_each_block(const at::Tensor& audio, const StftSettings& settings,
                         std::int64_t frames_per_block,
                         const std::function<void(const at::Tensor&, std::int64_t)>& visit);

}  // namespace headroom
