// Gains on latent channels. Source: specification of the streaming engine, section 8.
#pragma once

#include <cstdint>
#include <span>

#include <ATen/ATen.h>

#include "diffusion/curve.h"

namespace headroom::diffusion {

/// A gain on the channels first…last, both included.
struct ChannelGain {
  std::int64_t first = 0;
  std::int64_t last = 0;
  Curve scale = 1.0;
};

/// The gains as one tensor [1, 1 or T, channels], T the longest curve: entries act in their order
/// and a later one replaces what it covers. Undefined when every scale is exactly 1 (or there are
/// none). Throws Error(usage) for a channel that does not exist and for curves of different
/// lengths.
at::Tensor channel_gain(std::span<const ChannelGain> entries, std::int64_t channels = 64);

/// A finished latent [B, T, C] with channels first…last scaled; indices are clamped to 0…C − 1 and
/// `last` to at least `first`.
at::Tensor scale_channels(const at::Tensor& latent, std::int64_t first, std::int64_t last,
                          double scale);

}  // namespace headroom::diffusion
