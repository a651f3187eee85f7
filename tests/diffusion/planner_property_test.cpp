// Properties of planners and schedules at thousands of random sizes.
#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "diffusion/schedule.h"
#include "diffusion/window_plan.h"
#include "studio/chunks.h"

namespace headroom::diffusion {
namespace {

std::int64_t between(NoiseGenerator& dice, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(dice.next()) % (most - least + 1);
}

TEST(Schedule, FallsFromItsStrengthToNothing) {
  NoiseGenerator dice(11);
  for (int i = 0; i < 5000; ++i) {
    const auto steps = between(dice, 1, 64);
    const double shift = 0.05 + 8.0 * dice.uniform();
    const double strength = dice.uniform();
    const bool quantise = i % 2 == 0;
    const auto times = timesteps(steps, shift, strength, quantise);
    if (strength <= 1e-6) continue;
    ASSERT_EQ(times.size(), static_cast<std::size_t>(steps) + 1);
    EXPECT_EQ(times.back(), 0.0);
    EXPECT_LE(times.front(), 1.0);
    for (size_t k = 1; k < times.size(); ++k) EXPECT_LT(times[k], times[k - 1]);
    const double warped = shift * strength / (1.0 + (shift - 1.0) * strength);
    if (quantise) {
      EXPECT_GE(times.front(), warped - 1e-6) << "never less than asked for";
    } else {
      EXPECT_NEAR(times.front(), warped, 1e-6);
    }
  }
}

void expect_tiled(const std::vector<studio::Chunk>& chunks, std::int64_t length) {
  std::int64_t at = 0;
  for (const auto& chunk : chunks) {
    ASSERT_EQ(chunk.core_begin, at) << "no gap, no overlap";
    ASSERT_LT(chunk.core_begin, chunk.core_end);
    ASSERT_LE(chunk.begin, chunk.core_begin);
    ASSERT_GE(chunk.end, chunk.core_end);
    ASSERT_GE(chunk.begin, 0);
    ASSERT_LE(chunk.end, length);
    at = chunk.core_end;
  }
  ASSERT_EQ(at, length);
}

TEST(PlanEncode, Fix22CoversEveryLengthWithinItsLimits) {
  NoiseGenerator dice(12);
  for (int i = 0; i < 5000; ++i) {
    studio::EncodeLimits limits{.most_samples =
                                    between(dice, 3, 800) * 1920 + between(dice, 0, 1919)};
    limits.margin = between(dice, 0, (limits.most_samples / 1920 - 1) / 2);
    limits.least_samples = between(dice, 0, limits.most_samples / 1920) * 1920;
    const auto samples = between(dice, 1, 4'000'000);
    const auto frames = (samples + 1919) / 1920;
    const auto chunks = studio::plan_encode(samples, limits);
    expect_tiled(chunks, frames);
    if (chunks.size() == 1) continue;
    for (const auto& chunk : chunks) {
      EXPECT_LE(chunk.length() * 1920, limits.most_samples);
      EXPECT_GE(chunk.length(), std::min(frames, limits.least_samples / 1920)) << "FIX-22";
      EXPECT_TRUE(chunk.begin == 0 || chunk.core_begin - chunk.begin >= limits.margin);
      EXPECT_TRUE(chunk.end == frames || chunk.end - chunk.core_end >= limits.margin);
    }
  }
}

TEST(PlanTiles, CoverEveryLength) {
  NoiseGenerator dice(13);
  for (int i = 0; i < 5000; ++i) {
    const auto overlap = between(dice, 0, 64);
    const auto chunk = 2 * overlap + between(dice, 1, 500);
    const auto length = between(dice, 1, 20000);
    const auto tiles = studio::plan_tiles(length, chunk, overlap);
    expect_tiled(tiles, length);
    for (const auto& tile : tiles)
      EXPECT_LE(tile.length(), std::max(chunk, std::min(length, chunk)));
  }
}

TEST(PlanDecode, KeepsItsWindowWithinBoundsAndItsShape) {
  NoiseGenerator dice(14);
  for (int i = 0; i < 10000; ++i) {
    const auto length = between(dice, 1, 3000);
    const auto window = between(dice, 1, 400);
    const auto margin = between(dice, 0, 16);
    const auto start = between(dice, -50, 3050);
    const bool cyclic = i % 2 == 0;
    const auto plan = plan_decode(length, start, window, margin, cyclic);
    const auto kept = std::min(window, length);
    ASSERT_EQ(plan.keep_count, kept);
    ASSERT_GE(plan.at, 0);
    ASSERT_LE(plan.at + plan.keep_count, length);
    ASSERT_GE(plan.keep_begin, 0);
    ASSERT_LE(plan.keep_begin + plan.keep_count, static_cast<std::int64_t>(plan.frames.size()));
    for (std::int64_t k = 0; k < plan.keep_count; ++k)
      ASSERT_EQ(plan.frames.at(static_cast<size_t>(plan.keep_begin + k)), plan.at + k);
    for (const auto frame : plan.frames) {
      ASSERT_GE(frame, 0);
      ASSERT_LT(frame, length);
    }
    if (kept == length) continue;
    const auto wanted = std::min(window + 2 * margin, cyclic ? window + 2 * margin : length);
    ASSERT_EQ(static_cast<std::int64_t>(plan.frames.size()), wanted) << "one shape for all windows";
    if (!cyclic) continue;
    EXPECT_EQ(plan.keep_begin, margin);
  }
}

}  // namespace
}  // namespace headroom::diffusion
