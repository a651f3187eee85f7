#include "memory/plan_slot.h"

#include <gtest/gtest.h>

#include "memory/stand.h"

namespace headroom::memory {
namespace {

struct TestPlan : Plan {
  at::Tensor buffer;
};

struct Slot {
  explicit Slot(std::uint64_t budget, bool throws = false)
      : stand(budget), slot(stand.residency, "session", [this](const PlanSpec& spec) {
          if (fail) throw Error(ErrorKind::internal, "no such kernel");
          auto plan = std::make_unique<TestPlan>();
          plan->buffer = at::empty({static_cast<std::int64_t>(spec.buffers)}, at::kByte);
          return plan;
        }) {
    fail = throws;
  }

  static PlanSpec seconds(int length, std::uint64_t mib) {
    return {.name = std::to_string(length) + " s",
            .frames = length * 25,
            .buffers = mib * kMiB,
            .workspace = mib * kMiB / 2};
  }

  Stand stand;
  bool fail = false;
  PlanSlot slot;
};

TEST(PlanSlot, MakesTheNewPlanBesideTheOldWhereBothFit) {
  Slot s(64 * kMiB);
  s.slot.change(Slot::seconds(60, 10));
  s.slot.change(Slot::seconds(120, 20));
  EXPECT_TRUE(s.slot.made_before_break());
  EXPECT_EQ(s.stand.ledger.leased(), 30 * kMiB) << "buffers and guaranteed workspace";
  EXPECT_EQ(s.stand.device.usage().used, 20 * kMiB);
  s.slot.change(Slot::seconds(60, 10));
  EXPECT_EQ(s.stand.ledger.leased(), 15 * kMiB);
  EXPECT_EQ(s.slot.spec().frames, 1500);
}

TEST(PlanSlot, BreaksFirstWhereOnlyOneFits) {
  Slot s(34 * kMiB);
  s.slot.change(Slot::seconds(60, 10));
  s.slot.change(Slot::seconds(120, 20));
  EXPECT_FALSE(s.slot.made_before_break());
  EXPECT_EQ(s.slot.spec().name, "120 s");
  EXPECT_EQ(s.stand.ledger.leased(), 30 * kMiB);
  EXPECT_EQ(s.stand.check(), "");
}

TEST(PlanSlot, ARefusedChangeLeavesTheOldPlanPlaying) {
  Slot s(34 * kMiB);
  s.slot.change(Slot::seconds(60, 10));
  auto* old = s.slot.current();
  EXPECT_THROW(s.slot.change(Slot::seconds(240, 40)), Refused);
  EXPECT_EQ(s.slot.current(), old);
  EXPECT_EQ(s.slot.spec().name, "60 s");
  EXPECT_EQ(s.stand.ledger.leased(), 15 * kMiB);
}

TEST(PlanSlot, AFailureOnTheWayRestoresTheOldPlan) {
  Slot s(34 * kMiB);
  s.slot.change(Slot::seconds(60, 10));
  // Both tries of the new plan fail, the old one's does not.
  s.stand.device.faults().arm(
      {.mode = FaultPlan::Mode::until_freed, .n = 1, .bytes = 0, .purpose = "plan"});
  s.stand.device.faults().arm(
      {.mode = FaultPlan::Mode::from, .n = 1, .bytes = 0, .purpose = "plan"});
  EXPECT_THROW(s.slot.change(Slot::seconds(120, 20)), OutOfDeviceMemory);
  EXPECT_EQ(s.slot.current(), nullptr) << "even the way back failed, for now";
  EXPECT_GE(s.stand.ledger.leased(), 15 * kMiB) << "its room is still held";
  s.stand.device.faults().disarm();
  s.slot.restore();
  ASSERT_NE(s.slot.current(), nullptr);
  EXPECT_EQ(s.slot.spec().name, "60 s");
  EXPECT_EQ(s.stand.device.usage().used, 10 * kMiB);

  s.slot.change(Slot::seconds(120, 20));
  EXPECT_EQ(s.slot.spec().name, "120 s");
  EXPECT_EQ(s.stand.check(), "");
}

TEST(PlanSlot, S06_OneTrimAndOneRetryThenATypedError) {
  Slot s(64 * kMiB);
  s.stand.device.faults().arm(
      {.mode = FaultPlan::Mode::once, .n = 1, .bytes = 0, .purpose = "plan"});
  s.slot.change(Slot::seconds(60, 10));
  EXPECT_EQ(s.stand.telemetry.counts().at("oom"), 1U);
  EXPECT_NE(s.slot.current(), nullptr);

  s.fail = true;
  EXPECT_THROW(s.slot.change(Slot::seconds(120, 20)), Error);
  EXPECT_EQ(s.slot.spec().name, "60 s");
  EXPECT_NE(s.slot.current(), nullptr);
  EXPECT_EQ(s.stand.ledger.leased(), 15 * kMiB);
}

}  // namespace
}  // namespace headroom::memory
