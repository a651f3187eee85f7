#include "diffusion/schedule.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "expect_error.h"

namespace headroom::diffusion {
namespace {

TEST(Schedule, OfTheTurboModelsIsThePublishedTable) {
  const std::vector<double> table{1, .95454545, .9, .83333333, .75, .64285714, .5, .3, 0};
  const auto times = timesteps(8, 3.0, 1.0);
  ASSERT_EQ(times.size(), table.size());
  for (size_t i = 0; i < table.size(); ++i) EXPECT_NEAR(times[i], table[i], 1e-7);
}

TEST(Schedule, FallsFromItsStartToZeroForAllSettings) {
  for (std::int64_t steps = 1; steps <= 60; ++steps) {
    for (const double shift : {0.3, 1.0, 2.0, 3.0, 6.0}) {
      for (double strength = 0.02; strength <= 1.2; strength += 0.07) {
        const auto times = timesteps(steps, shift, strength);
        ASSERT_EQ(times.size(), static_cast<size_t>(steps) + 1);
        EXPECT_LE(times.front(), 1.0);
        EXPECT_EQ(times.back(), 0.0);
        for (size_t i = 0; i + 1 < times.size(); ++i) {
          ASSERT_GT(times[i], times[i + 1])
              << steps << " steps, shift " << shift << ", strength " << strength;
          ASSERT_EQ(times[i], static_cast<double>(static_cast<float>(times[i])))
              << "must be exact in fp32";
        }
      }
    }
  }
}

TEST(Schedule, StartsLaterForLessStrength) {
  double last = 0.0;
  for (const double strength : {0.1, 0.3, 0.5, 0.7, 0.8, 1.0}) {
    const auto start = timesteps(8, 3.0, strength).front();
    EXPECT_GE(start, last);
    last = start;
  }
  EXPECT_EQ(last, 1.0);
}

TEST(Schedule, IsTrivialWithoutStrength) {
  EXPECT_EQ(timesteps(8, 3.0, 0.0), (std::vector<double>{0.0, 0.0}));
}

TEST(Schedule, TruncatesInDouble) {
  // 8 / 0.8 is 10 in double and would be 9 through a float: the start must be 0.8, before the
  // shift.
  EXPECT_NEAR(timesteps(8, 1.0, 0.8).front(), 0.8, 1e-7);
}

TEST(Schedule, RefusesWhatMakesNoSense) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  expect_error([] { (void)timesteps(0, 3.0, 1.0); }, ErrorKind::usage, "steps");
  expect_error([] { (void)timesteps(-3, 3.0, 1.0); }, ErrorKind::usage, "steps");
  expect_error([] { (void)timesteps(kMostSteps + 1, 3.0, 1.0); }, ErrorKind::usage, "steps");
  expect_error([] { (void)timesteps(8, 0.0, 1.0); }, ErrorKind::usage, "shift");
  expect_error([&] { (void)timesteps(8, nan, 1.0); }, ErrorKind::usage, "shift");
  expect_error([&] { (void)timesteps(8, 3.0, nan); }, ErrorKind::usage, "strength");
  expect_error([] { (void)explicit_timesteps({1.0}); }, ErrorKind::usage, "two");
  expect_error([] { (void)explicit_timesteps({0.5, 0.7, 0.0}); }, ErrorKind::usage, "out of order");
  expect_error([&] { (void)explicit_timesteps({nan, 0.0}); }, ErrorKind::usage, "out of order");
}

}  // namespace
}  // namespace headroom::diffusion
