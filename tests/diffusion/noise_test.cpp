#include "diffusion/noise.h"

#include <cmath>
#include <cstring>

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

namespace headroom::diffusion {
namespace {

// What libtorch's own CPU generator draws for a seed.
at::Tensor reference(std::uint64_t seed, std::int64_t count) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randn({count}, generator);
}

TEST(Noise, FollowsTheCpuGeneratorOfLibtorch) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 42ULL, 123456789012ULL}) {
    for (const std::int64_t count : {1, 2, 5, 15, 16, 17, 31, 48, 100, 1000, 96000}) {
      const auto ours = NoiseGenerator(seed & 0xffffffffU).normal({count});
      const auto theirs = reference(seed & 0xffffffffU, count);
      EXPECT_LE((ours - theirs).abs().max().item<double>(), 4e-6)
          << "seed " << seed << ", " << count << " values";
    }
  }
}

TEST(Noise, ContinuesAsLibtorchDoes) {
  NoiseGenerator ours(42);
  auto theirs = at::detail::createCPUGenerator(42);
  for (const std::int64_t count : {5, 32, 3, 16, 1, 17, 1, 1}) {
    const auto difference =
        (ours.normal({count}) - at::randn({count}, theirs)).abs().max().item<double>();
    EXPECT_LE(difference, 4e-6) << "after a draw of " << count;
  }
}

// These bits must be the same on every machine and with every libtorch; a change here changes what
// every seed sounds like.
TEST(Noise, HasTheSameBitsEverywhere) {
  const auto noise = NoiseGenerator(20240607).normal({10007});
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a over the bit patterns
  for (std::int64_t i = 0; i < noise.size(0); ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, noise.data_ptr<float>() + i, sizeof(bits));
    hash = (hash ^ bits) * 1099511628211ULL;
  }
  EXPECT_EQ(hash, 3605346028068551538ULL);
}

TEST(Noise, KeepsTheLow32BitsOfASeed) {
  EXPECT_TRUE(NoiseGenerator(7).normal({64}).equal(NoiseGenerator((1ULL << 32) + 7).normal({64})));
  EXPECT_FALSE(NoiseGenerator(7).normal({64}).equal(NoiseGenerator(8).normal({64})));
}

TEST(Noise, IsNormal) {
  const auto noise = NoiseGenerator(3).normal({1'000'000});
  EXPECT_NEAR(noise.mean().item<double>(), 0.0, 4e-3);
  EXPECT_NEAR(noise.std().item<double>(), 1.0, 4e-3);
  EXPECT_NEAR(noise.pow(4).mean().item<double>(), 3.0, 0.05) << "kurtosis of a normal distribution";
  EXPECT_TRUE(at::isfinite(noise).all().item<bool>());
}

TEST(Noise, OfAGenerationIsDrawnChannelMajor) {
  const auto noise = initial_noise(9, 25, 64);
  ASSERT_EQ(noise.sizes(), (at::IntArrayRef{1, 25, 64}));
  EXPECT_TRUE(noise.transpose(1, 2).contiguous().equal(NoiseGenerator(9).normal({1, 64, 25})));
}

}  // namespace
}  // namespace headroom::diffusion
