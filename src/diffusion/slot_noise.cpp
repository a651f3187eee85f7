#include "diffusion/slot_noise.h"

#include <span>

namespace headroom::diffusion {
namespace {

// SplitMix64's finaliser: every input bit moves every output bit.
std::uint64_t mixed(std::uint64_t value) {
  value ^= value >> 30U;
  value *= 0xbf58476d1ce4e5b9U;
  value ^= value >> 27U;
  value *= 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

}  // namespace

NoiseGenerator slot_generator(std::uint64_t seed, NoisePurpose purpose, std::int64_t step) {
  // As the initial noise, so the rest: seeds that are equal in 32 bits are the same seed.
  const std::uint64_t low = seed & 0xffffffffU;
  if (purpose == NoisePurpose::initial) return NoiseGenerator(low);
  const auto branch =
      (static_cast<std::uint64_t>(purpose) << 32U) | static_cast<std::uint32_t>(step);
  return NoiseGenerator(mixed(low + 0x9e3779b97f4a7c15U * (branch + 1)));
}

at::Tensor slot_noise(Workspace& workspace, std::uint64_t seed, NoisePurpose purpose,
                      std::int64_t step, std::int64_t frames, std::int64_t channels) {
  auto generator = slot_generator(seed, purpose, step);
  auto noise = workspace.take({1, frames, channels});
  const auto fill = [&](const at::Tensor& tensor) {
    generator.normal(std::span(tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())));
  };
  if (purpose != NoisePurpose::initial) {
    fill(noise);
    return noise;
  }
  const auto drawn = workspace.take({1, channels, frames});
  fill(drawn);
  noise.copy_(drawn.transpose(1, 2));
  return noise;
}

}  // namespace headroom::diffusion
