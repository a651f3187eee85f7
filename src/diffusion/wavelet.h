// One level of a discrete wavelet transform along time, with zeros outside the signal.
// Source: specification of the streaming engine, section 12 (taps in PyWavelets' convention).
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <ATen/ATen.h>

#include "diffusion/workspace.h"

namespace headroom::diffusion {

enum class Wavelet { haar, db4, sym8, db8 };

/// The names that clients use; nothing for others.
std::optional<Wavelet> parse_wavelet(std::string_view name);

/// The low-pass filter of the analysis. The three others are its mirror images: synthesis is the
/// analysis reversed, and the high-pass alternates signs.
std::span<const double> analysis_low(Wavelet wavelet);
/// (−1)^(j+1)·low[n − 1 − j].
std::vector<double> analysis_high(Wavelet wavelet);

/// Bands [B, K, C] of a signal [B, T, C], K = ⌊(T + n − 1)/2⌋ for n taps.
struct Bands {
  at::Tensor low;
  at::Tensor high;
};
Bands analyse(Workspace& workspace, Wavelet wavelet, const at::Tensor& x);

/// The first `frames` of the 2K − n + 2 frames that the bands describe.
at::Tensor synthesise(Workspace& workspace, Wavelet wavelet, const Bands& bands,
                      std::int64_t frames);

}  // namespace headroom::diffusion
