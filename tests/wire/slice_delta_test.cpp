#include "wire/slice_delta.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "expect_error.h"

namespace headroom::wire {
namespace {

TEST(Half, GoesThereAndBackForEveryBitPattern) {
  for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const float value = from_half(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(from_half(to_half(value))));
    } else {
      ASSERT_EQ(to_half(value), half) << bits;
    }
  }
}

TEST(Half, RoundsToNearestEven) {
  // Between two neighbours, exactly and just beside the middle.
  for (std::uint16_t half = 1; half < 0x7bffU; ++half) {
    const float low = from_half(half);
    const float high = from_half(static_cast<std::uint16_t>(half + 1U));
    const float middle = low + (high - low) / 2.0F;
    const auto even = (half & 1U) == 0 ? half : static_cast<std::uint16_t>(half + 1U);
    ASSERT_EQ(to_half(middle), even);
    ASSERT_EQ(to_half(std::nextafter(middle, 0.0F)), half);
    ASSERT_EQ(to_half(std::nextafter(middle, 1e9F)), half + 1U);
  }
  EXPECT_EQ(to_half(65520.0F), 0x7c00U) << "overflow is infinite";
  EXPECT_EQ(to_half(-1e-9F), 0x8000U);
}

TEST(SliceMirror, StaysWithTheListenerThroughThousandsOfSlices) {
  std::mt19937 dice(7);
  std::uniform_real_distribution<float> audio(-1.0F, 1.0F);
  constexpr std::uint32_t frames = 500;
  std::vector<float> listener(frames * 2, 0.0F);
  SliceMirror mirror(listener, 2);
  std::vector<float> truth = listener;
  for (int i = 0; i < 5000; ++i) {
    const auto start = static_cast<std::uint32_t>(dice() % (frames + 50));
    std::vector<float> samples(2 * (dice() % 80));
    for (auto& sample : samples) sample = audio(dice);
    const auto slice = mirror.advance(start, samples);
    for (size_t k = 0; k < samples.size() && start * 2 + k < truth.size(); ++k)
      truth[start * 2 + k] = samples[k];
    if (!slice) continue;
    ASSERT_LE(slice->start + slice->count, frames);
    for (size_t k = 0; k < slice->delta.size(); ++k)
      listener[slice->start * 2 + k] += from_half(slice->delta[k]);
  }
  EXPECT_EQ(listener, mirror.samples()) << "bit for bit";
  for (size_t k = 0; k < truth.size(); ++k) ASSERT_NEAR(listener[k], truth[k], 1e-3F);
}

TEST(SliceMirror, ANumberThatIsNoneIsSilence) {
  SliceMirror mirror(std::vector<float>(8, 0.5F), 2);
  const std::vector<float> broken{NAN, INFINITY, -INFINITY, 0.25F};
  const auto slice = mirror.advance(1, broken);
  ASSERT_TRUE(slice);
  EXPECT_EQ(mirror.samples(),
            (std::vector<float>{0.5F, 0.5F, 0.0F, 0.0F, 0.0F, 0.25F, 0.5F, 0.5F}));
  const std::vector<float> loud{1e30F, -1e30F};
  EXPECT_TRUE(std::isfinite(from_half(mirror.advance(0, loud)->delta[0])));
}

TEST(SliceMirror, RefusesHalfAFrame) {
  EXPECT_ERROR(SliceMirror(std::vector<float>(3), 2), ErrorKind::internal, "whole frames");
  EXPECT_ERROR(SliceMirror(std::vector<float>(4), 0), ErrorKind::internal, "whole frames");
}

}  // namespace
}  // namespace headroom::wire
