#include <thread>

#include <gtest/gtest.h>

#include "base/json.h"
#include "diffusion/noise.h"
#include "memory/cpu_device.h"
#include "models/dit.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"

namespace headroom::memory {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

TEST(CpuDevice, CountsWhatIsMadeInItsScopeAndNothingElse) {
  CpuDevice device({.capacity = 64 * kMiB});
  const auto host = at::zeros({1000});
  EXPECT_EQ(device.usage().used, 0U);
  at::Tensor kept;
  {
    const DeviceScope scope(device, "test");
    kept = at::zeros({1 << 20}, at::kFloat);
    EXPECT_GE(device.usage().used, 4 * kMiB);
  }
  const auto outside = at::zeros({1 << 20});
  EXPECT_LT(device.usage().used, 5 * kMiB) << "host memory does not count";
  EXPECT_TRUE(kept.eq(0).all().item<bool>()) << "a tensor outlives its scope";
  kept.reset();
  EXPECT_EQ(device.usage().used, 0U);
  EXPECT_GE(device.usage().idle(), 4 * kMiB);
  EXPECT_GE(device.trim(), 4 * kMiB);
  EXPECT_EQ(device.usage().reserved, 0U);
}

TEST(CpuDevice, ScopesNestAndBelongToTheirThread) {
  CpuDevice outer({.capacity = 64 * kMiB});
  CpuDevice inner({.capacity = 64 * kMiB});
  const DeviceScope scope(outer, "outer");
  at::Tensor a = at::empty({1 << 20});
  at::Tensor b;
  {
    const DeviceScope nested(inner, "inner");
    b = at::empty({1 << 20});
  }
  const auto c = at::empty({1 << 20});
  EXPECT_EQ(outer.usage().used, 8 * kMiB);
  EXPECT_EQ(inner.usage().used, 4 * kMiB);
  std::jthread([&] {
    const auto elsewhere = at::empty({1 << 20});
    EXPECT_EQ(outer.usage().used, 8 * kMiB) << "another thread is in no scope";
    b.reset();
  }).join();
  EXPECT_EQ(inner.usage().used, 0U) << "freed from another thread";
}

TEST(CpuDevice, RefusesBeyondItsCapacityWithATypedError) {
  CpuDevice device({.capacity = 40 * kMiB});
  const DeviceScope scope(device, "separate chunk");
  const auto held = at::empty({5 << 20}, at::kFloat);
  try {
    (void)at::empty({10 << 20}, at::kFloat);
    FAIL() << "40 MiB on top of 20 MiB cannot fit";
  } catch (const OutOfDeviceMemory& error) {
    EXPECT_EQ(error.asked(), 40 * kMiB);
    EXPECT_LE(error.free(), 20 * kMiB);
    EXPECT_NE(std::string(error.what()).find("separate chunk"), std::string::npos);
  }
  EXPECT_EQ(device.check(), "");
  EXPECT_NO_THROW((void)at::empty({1 << 20}, at::kFloat));
}

TEST(CpuDevice, AnotherTenantTakesItsRoom) {
  CpuDevice device({.capacity = 100 * kMiB});
  ASSERT_TRUE(device.tenant_takes(70 * kMiB));
  EXPECT_FALSE(device.tenant_takes(40 * kMiB));
  const DeviceScope scope(device, "test");
  EXPECT_THROW((void)at::empty({10 << 20}, at::kFloat), OutOfDeviceMemory);
  EXPECT_EQ(device.usage().others, 70 * kMiB);
  device.tenant_returns(70 * kMiB);
  EXPECT_NO_THROW((void)at::empty({10 << 20}, at::kFloat));
}

TEST(FaultPlan, FailsWhatItIsToldTo) {
  FaultInjector faults;
  const auto run = [&](FaultPlan plan) {
    faults.arm(std::move(plan));
    std::string story;
    for (int i = 0; i < 6; ++i) {
      story += faults.fails(i % 2 == 0 ? "weights" : "workspace") ? 'x' : '.';
      faults.freed(10);
    }
    return story;
  };
  using Mode = FaultPlan::Mode;
  EXPECT_EQ(run({}), "......");
  EXPECT_EQ(run({.mode = Mode::once, .n = 3, .bytes = 0, .purpose = ""}), "..x...");
  EXPECT_EQ(run({.mode = Mode::from, .n = 5, .bytes = 0, .purpose = ""}), "....xx");
  EXPECT_EQ(run({.mode = Mode::until_freed, .n = 2, .bytes = 25, .purpose = ""}), ".xxx..");
  EXPECT_EQ(run({.mode = Mode::once, .n = 2, .bytes = 0, .purpose = "work"}), "...x..");
}

// A real network on the device: its results are those of the host, and every allocation may fail.
class NetworkOnDevice : public testing::Test {
 protected:
  NetworkOnDevice() {
    studio::RandomWeights weights(1);
    const auto config =
        models::parse_acestep_config(studio::dit_config_json(studio::ModelSize::tiny), "tiny");
    dit_ = models::bind_dit(Weights(weights), config);
    condition_ = models::prepare_condition(
        dit_, diffusion::NoiseGenerator(1).normal({1, 12, config.encoder.hidden}));
    x_ = diffusion::NoiseGenerator(2).normal({1, 60, config.latent_channels});
    context_ = diffusion::NoiseGenerator(3).normal({1, 60, 2 * config.latent_channels});
  }

  at::Tensor run() { return models::velocity(dit_, x_, context_, at::tensor({0.5F}), condition_); }

  models::Dit dit_;
  models::DitCondition condition_;
  at::Tensor x_;
  at::Tensor context_;
};

TEST_F(NetworkOnDevice, HasTheBitsOfTheHost) {
  const auto host = run();
  for (const bool expandable : {true, false}) {
    CpuDevice device({.capacity = 64 * kMiB, .expandable = expandable});
    {
      const DeviceScope scope(device, "tick");
      EXPECT_TRUE(run().equal(host));
    }
    EXPECT_EQ(device.usage().used, 0U) << "nothing of a run may stay behind";
    EXPECT_GT(device.usage().peak_used, 0U);
  }
}

TEST_F(NetworkOnDevice, EveryAllocationMayFailAndNothingIsLost) {
  const auto host = run();
  CpuDevice device({.capacity = 64 * kMiB});
  std::uint64_t n = 1;
  for (bool succeeded = false; !succeeded; ++n) {
    const DeviceScope scope(device, "tick");
    device.faults().arm({.mode = FaultPlan::Mode::once, .n = n, .bytes = 0, .purpose = ""});
    try {
      (void)run();
      succeeded = device.faults().failures() == 0;
      ASSERT_TRUE(succeeded) << "allocation " << n << " failed and nobody noticed";
    } catch (const OutOfDeviceMemory&) {
    }
    device.faults().disarm();
    ASSERT_EQ(device.usage().used, 0U) << "after the failure of allocation " << n;
    ASSERT_EQ(device.check(), "");
    if (n % 25 == 0) {
      ASSERT_TRUE(run().equal(host)) << "after the failure of allocation " << n;
    }
  }
  EXPECT_GT(n, 100U) << "the walk must have met the network's allocations";
}

TEST_F(NetworkOnDevice, FitsIntoItsPeakAndNotIntoLess) {
  CpuDevice device({.capacity = 64 * kMiB});
  {
    const DeviceScope scope(device, "tick");
    (void)run();
  }
  const auto peak = device.usage().peak_reserved;
  device.trim();
  device.set_capacity(peak);
  {
    const DeviceScope scope(device, "tick");
    EXPECT_NO_THROW((void)run());
  }
  device.trim();
  device.set_capacity(kSmallSegment - 1);
  const DeviceScope scope(device, "tick");
  EXPECT_THROW((void)run(), OutOfDeviceMemory);
}

}  // namespace
}  // namespace headroom::memory
