#include "diffusion/channels.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::diffusion {

at::Tensor channel_gain(std::span<const ChannelGain> entries, std::int64_t channels) {
  std::int64_t frames = 1;
  bool neutral = true;
  for (const auto& entry : entries) {
    if (entry.first < 0 || entry.last < entry.first || entry.last >= channels) {
      throw Error(ErrorKind::usage, fmt::format("channels {} to {} are not among 0…{}", entry.first,
                                                entry.last, channels - 1));
    }
    frames = std::max(frames, entry.scale.frames());
    neutral = neutral && entry.scale.values().eq(1.0).all().item<bool>();
  }
  if (neutral) return {};
  auto gain = at::ones({1, frames, channels});
  for (const auto& entry : entries) {
    if (!entry.scale.fits(frames)) {
      throw Error(ErrorKind::usage, fmt::format("a gain curve has {} frames, another has {}",
                                                entry.scale.frames(), frames));
    }
    gain.narrow(2, entry.first, entry.last - entry.first + 1).copy_(entry.scale.values());
  }
  return gain;
}

at::Tensor scale_channels(const at::Tensor& latent, std::int64_t first, std::int64_t last,
                          double scale) {
  const auto highest = latent.size(2) - 1;
  first = std::clamp<std::int64_t>(first, 0, highest);
  last = std::clamp(last, first, highest);
  auto out = latent.clone();
  out.narrow(2, first, last - first + 1).mul_(scale);
  return out;
}

}  // namespace headroom::diffusion
