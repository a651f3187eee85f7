#include "diffusion/generate.h"

#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "diffusion/schedule.h"

namespace headroom::diffusion {
namespace {

constexpr std::int64_t kFrames = 20;
constexpr std::int64_t kChannels = 4;

Generation request(double strength) {
  Generation generation;
  generation.times = timesteps(8, 3.0, strength);
  generation.denoise = strength;
  generation.noise = initial_noise(1, kFrames, kChannels);
  generation.source = initial_noise(2, kFrames, kChannels);
  return generation;
}

// The exact velocity of a flow whose data is one point.
VelocityField towards(const at::Tensor& target) {
  return [=](const at::Tensor& x, double t) { return (x - target) / t; };
}

TEST(Generate, ReachesTheTargetOfAnExactField) {
  const auto target = initial_noise(3, kFrames, kChannels);
  for (const double strength : {0.3, 0.7, 1.0}) {
    const auto result = generate(request(strength), towards(target));
    EXPECT_LT((result - target).abs().max().item<double>(), 1e-5) << "strength " << strength;
  }
}

TEST(Generate, WithoutStrengthGivesTheSourceBackUntouched) {
  const auto generation = request(0.0);
  const VelocityField never = [](const at::Tensor&, double) -> at::Tensor {
    ADD_FAILURE() << "the network must not run";
    return {};
  };
  EXPECT_TRUE(generate(generation, never).equal(generation.source));
}

TEST(Generate, StartsWhereTheScheduleStarts) {
  auto generation = request(0.5);
  const double first = generation.times.front();
  bool checked = false;
  (void)generate(generation, [&](const at::Tensor& x, double t) {
    if (!checked) {
      EXPECT_EQ(t, first);
      const auto expected = generation.noise * first + generation.source * (1.0 - first);
      EXPECT_LT((x - expected).abs().max().item<double>(), 1e-6);
      checked = true;
    }
    return at::zeros_like(x);
  });
  EXPECT_TRUE(checked);
}

TEST(Generate, DrawsFreshNoiseForEverySdeStepButTheLast) {
  auto generation = request(1.0);
  generation.method = Method::sde;
  std::vector<std::int64_t> steps;
  generation.fresh_noise = [&](std::int64_t step) {
    steps.push_back(step);
    return initial_noise(100 + static_cast<std::uint64_t>(step), kFrames, kChannels);
  };
  const auto target = initial_noise(3, kFrames, kChannels);
  const auto result = generate(generation, towards(target));
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_LT((result - target).abs().max().item<double>(), 1e-5);
}

TEST(Generate, AsksTheUnconditionalSideOnlyWhenGuided) {
  auto generation = request(1.0);
  int asked = 0;
  generation.unconditional = [&](const at::Tensor& x, double) {
    ++asked;
    return at::zeros_like(x);
  };
  const auto field = towards(initial_noise(3, kFrames, kChannels));
  (void)generate(generation, field);
  EXPECT_EQ(asked, 0);
  generation.guidance = 3.0;
  (void)generate(generation, field);
  EXPECT_EQ(asked, 8);
}

TEST(Generate, GivesEqualBitsForEqualRequests) {
  auto generation = request(0.7);
  generation.dcw.emplace();
  const auto field = towards(initial_noise(3, kFrames, kChannels));
  EXPECT_TRUE(generate(generation, field).equal(generate(generation, field)));
}

}  // namespace
}  // namespace headroom::diffusion
