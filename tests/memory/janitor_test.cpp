// Rows S9 to S12 of the specification "Server behaviour", section 9.1, and the ladder of idleness.
#include "memory/janitor.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "memory/allocator_settings.h"
#include "memory/stand.h"

namespace headroom::memory {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct House {
  explicit House(JanitorSettings janitor = {})
      : stand(2048 * kMiB),
        executor(stand.residency,
                 {.threaded = false, .janitor = janitor, .clock = stand.time.clock()}) {}

  void waste(std::int64_t mib) {
    const DeviceScope scope(stand.device, "waste");
    (void)at::empty({mib << 20}, at::kByte);
  }
  void after(milliseconds time) {
    stand.time.pass(time);
    executor.idle();
  }
  std::uint64_t idle() const { return stand.device.usage().idle(); }

  Stand stand;
  Executor executor;
};

TEST(Janitor, S09_ExpandableSegmentsUnlessTheOperatorChose) {
  ::unsetenv("PYTORCH_ALLOC_CONF");
  ::unsetenv("PYTORCH_CUDA_ALLOC_CONF");
  EXPECT_EQ(use_expandable_segments(), "expandable_segments:True");
  EXPECT_STREQ(std::getenv("PYTORCH_CUDA_ALLOC_CONF"), "expandable_segments:True");
  ::setenv("PYTORCH_CUDA_ALLOC_CONF", "max_split_size_mb:64", 1);
  EXPECT_EQ(use_expandable_segments(), "max_split_size_mb:64");
  ::setenv("PYTORCH_ALLOC_CONF", "backend:cudaMallocAsync", 1);
  EXPECT_EQ(use_expandable_segments(), "backend:cudaMallocAsync");
  EXPECT_STREQ(std::getenv("PYTORCH_CUDA_ALLOC_CONF"), "max_split_size_mb:64");
  ::unsetenv("PYTORCH_ALLOC_CONF");
  ::unsetenv("PYTORCH_CUDA_ALLOC_CONF");
}

TEST(Janitor, S10_TrimsALargeIdlePoolAtTheNextPeriod) {
  House house;
  house.waste(600);
  house.after(seconds(1));
  EXPECT_GE(house.idle(), 600 * kMiB) << "the period is not over";
  house.after(seconds(5));
  EXPECT_EQ(house.idle(), 0U);
  EXPECT_EQ(house.stand.telemetry.count("idle_vram_trim", "pool"), 1U);
  house.waste(400);
  house.after(seconds(6));
  EXPECT_GE(house.idle(), 400 * kMiB) << "below the threshold";
}

TEST(Janitor, S10_NotWhileASessionIsLive) {
  House house;
  house.waste(600);
  {
    const Executor::Live session(house.executor, "session");
    house.after(seconds(6));
    EXPECT_GE(house.idle(), 600 * kMiB);
  }
  EXPECT_EQ(house.idle(), 0U) << "S11: trimmed when the last session ended";
}

TEST(Janitor, S10_SurvivesItsOwnErrors) {
  struct ThrowingDevice : CpuDevice {
    using CpuDevice::CpuDevice;
    std::uint64_t trim() override {
      ++trims;
      if (trims == 1) throw std::runtime_error("driver hiccup");
      return CpuDevice::trim();
    }
    int trims = 0;
  };
  const TestClock time;
  ThrowingDevice device({.capacity = 2048 * kMiB});
  Telemetry telemetry(time.clock());
  Ledger ledger(2048 * kMiB);
  Residency residency(device, ledger, telemetry, {.budget = 2048 * kMiB});
  Executor executor(residency, {.threaded = false, .janitor = {}, .clock = time.clock()});
  {
    const DeviceScope scope(device, "waste");
    (void)at::empty({600 << 20}, at::kByte);
  }
  time.pass(seconds(6));
  EXPECT_NO_THROW(executor.idle());
  EXPECT_EQ(device.trims, 1);
  time.pass(seconds(6));
  executor.idle();
  EXPECT_EQ(device.usage().idle(), 0U);
}

TEST(Janitor, S11_TheLastReferenceTrimsHoweverItEnds) {
  House house;
  const auto play = [&](bool fails) {
    const Executor::Live session(house.executor, "session");
    const Executor::Live second(house.executor, "session");  // its upload, say
    ASSERT_TRUE(house.stand.admit({&house.stand.decoder}, 32, "session"));
    house.waste(64);
    if (fails) throw std::runtime_error("the client is gone");
  };
  play(false);
  EXPECT_EQ(house.stand.device.usage().reserved, 0U);
  EXPECT_THROW(play(true), std::runtime_error);
  EXPECT_EQ(house.stand.device.usage().reserved, 0U) << "without waiting for the janitor";
}

TEST(Janitor, S12_EveryCycleReturnsToTheSameFloor) {
  House house;
  std::vector<std::uint64_t> used;
  std::vector<std::uint64_t> reserved;
  for (int cycle = 0; cycle < 9; ++cycle) {
    {
      const Executor::Live session(house.executor, "session");
      ASSERT_TRUE(house.stand.admit({&house.stand.text}, 16 + 8 * static_cast<std::uint64_t>(cycle),
                                    "session"));
      ASSERT_TRUE(house.stand.admit({&house.stand.decoder, &house.stand.vae}, 64, "session"));
      if (cycle >= 5) {
        ASSERT_TRUE(house.stand.admit({&house.stand.encoder}, 128, "session"));
      }
    }
    used.push_back(house.stand.device.usage().used);
    reserved.push_back(house.stand.device.usage().reserved);
  }
  EXPECT_EQ(used, std::vector<std::uint64_t>(9, used[0]));
  EXPECT_EQ(reserved, std::vector<std::uint64_t>(9, reserved[0]));
}

TEST(Janitor, TheLadderParksAndTrimsAfterLongIdleness) {
  JanitorSettings settings;
  settings.park_after = milliseconds(60'000);
  House house(settings);
  ASSERT_TRUE(house.stand.admit({&house.stand.decoder}, 32));
  for (int i = 0; i < 11; ++i) house.after(seconds(5));
  EXPECT_TRUE(house.stand.decoder.resident());
  house.after(seconds(10));
  EXPECT_FALSE(house.stand.decoder.resident());
  EXPECT_EQ(house.stand.device.usage().reserved, 0U);
  ASSERT_TRUE(house.stand.admit({&house.stand.decoder}, 32));
  EXPECT_TRUE(house.stand.placements[0]->intact());
}

}  // namespace
}  // namespace headroom::memory
