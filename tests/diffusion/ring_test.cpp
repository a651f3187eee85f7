// The ring's clockwork: what comes out, when, and that nothing is lost.
#include "diffusion/ring.h"

#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "diffusion/generate.h"
#include "expect_error.h"
#include "toy_field.h"

namespace headroom::diffusion {
namespace {

// Submits before every tick, as the realtime path does; ticks in which latents came.
std::vector<std::int64_t> cadence(Ring& ring, std::int64_t ticks) {
  std::vector<std::int64_t> emitted;
  for (std::int64_t tick = 0; tick < ticks; ++tick) {
    (void)ring.submit(toy_request(static_cast<std::uint64_t>(tick)));
    if (ring.tick()) emitted.push_back(tick);
  }
  return emitted;
}

TEST(Ring, Fix06LatentsComeEvenlySpaced) {
  for (std::int64_t steps = 1; steps <= 12; ++steps) {
    for (std::int64_t depth = 1; depth <= kDeepestRing; ++depth) {
      ToyField field;
      Ring ring(field, toy_settings(depth, steps));
      const auto emitted = cadence(ring, 8 * steps);
      const auto lanes = std::min(depth, steps);
      ASSERT_EQ(emitted.front(), steps - 1) << "the first takes its steps";
      for (size_t i = 1; i < emitted.size(); ++i) {
        const auto gap = emitted[i] - emitted[i - 1];
        EXPECT_GE(gap, steps / lanes) << "depth " << depth << ", steps " << steps;
        EXPECT_LE(gap, (steps + lanes - 1) / lanes) << "depth " << depth << ", steps " << steps;
      }
      // As many as the slots can make.
      EXPECT_EQ(static_cast<std::int64_t>(emitted.size()), (7 * steps) * lanes / steps + 1)
          << "depth " << depth << ", steps " << steps;
    }
  }
}

TEST(Ring, Fix06TheFreshestRequestWins) {
  ToyField field;
  Ring ring(field, toy_settings(4));
  std::vector<std::uint64_t> ages;
  for (std::uint64_t tick = 0; tick < 64; ++tick) {
    (void)ring.submit(toy_request(tick));
    if (const auto finished = ring.tick()) ages.push_back(tick + 1 - finished->id);
  }
  for (const auto age : ages) EXPECT_EQ(age, 7U) << "ticks from the request to its latent";
}

TEST(Ring, Fix06APauseDoesNotEndInABurst) {
  ToyField field;
  Ring ring(field, toy_settings(4));
  for (int i = 0; i < 40; ++i) (void)ring.tick();
  const auto emitted = cadence(ring, 40);
  for (size_t i = 1; i < emitted.size(); ++i) EXPECT_EQ(emitted[i] - emitted[i - 1], 2);
}

TEST(Ring, Fix07ShrinkingFinishesWhatIsUnderWay) {
  ToyField field;
  Ring ring(field, toy_settings(8));
  std::set<std::uint64_t> admitted;
  std::set<std::uint64_t> out;
  for (std::uint64_t tick = 0; tick < 8; ++tick) {
    admitted.insert(ring.submit(toy_request(tick)).value());
    if (const auto finished = ring.tick()) out.insert(finished->id);
  }
  ring.set_depth(2);
  EXPECT_EQ(ring.under_way(), 7);
  for (const auto& finished : ring.drain()) EXPECT_TRUE(out.insert(finished.id).second);
  EXPECT_EQ(out, admitted);
  EXPECT_EQ(ring.slots().size(), 2U);
}

TEST(Ring, Fix07DrainsWhateverTheDepth) {
  for (const std::int64_t depth : {1, 2, 4, 8}) {
    ToyField field;
    auto settings = toy_settings(depth);
    settings.queue_cap = 0;
    Ring ring(field, settings);
    for (std::int64_t i = 0; i < depth; ++i) (void)ring.submit(toy_request(1));
    EXPECT_EQ(static_cast<std::int64_t>(ring.drain().size()), depth);
    EXPECT_TRUE(ring.idle());
  }
}

TEST(Ring, DepthChangesLoseAndDuplicateNothing) {
  ToyField field;
  Ring ring(field, toy_settings(3));
  NoiseGenerator dice(5);
  std::set<std::uint64_t> seen_in_slots;
  std::set<std::uint64_t> out;
  for (std::uint64_t tick = 0; tick < 600; ++tick) {
    if (dice.next() % 5 == 0) ring.set_depth(1 + dice.next() % 8);
    (void)ring.submit(toy_request(tick, dice.next() % 4 == 0 ? 0.0 : 1.0));
    const auto finished = ring.tick();
    for (const auto& slot : ring.slots()) {
      if (slot.id != 0) seen_in_slots.insert(slot.id);
    }
    if (!finished) continue;
    EXPECT_TRUE(out.insert(finished->id).second) << "twice: " << finished->id;
    seen_in_slots.insert(finished->id);
  }
  for (const auto& finished : ring.drain()) {
    EXPECT_TRUE(out.insert(finished.id).second);
    seen_in_slots.insert(finished.id);
  }
  EXPECT_EQ(out, seen_in_slots) << "what was admitted came out, each once";
  EXPECT_GT(out.size(), 100U);
}

TEST(Ring, Fix03NothingStaleLeavesAfterASwap) {
  ToyField field;
  Ring ring(field, toy_settings(4));
  (void)cadence(ring, 20);
  ring.begin_epoch(7);
  EXPECT_TRUE(ring.idle());
  const auto stale = ring.submit(toy_request(1));
  ASSERT_FALSE(stale);
  EXPECT_NE(stale.error().reason.find("epoch"), std::string::npos);
  auto fresh = toy_request(2);
  fresh.epoch = 7;
  fresh.start_frame = 1500;
  const auto id = ring.submit(fresh).value();
  const auto results = ring.drain();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].id, id);
  EXPECT_EQ(results[0].epoch, 7U);
  EXPECT_EQ(results[0].start_frame, 1500) << "a latent says where it belongs";
}

TEST(Ring, AnotherLengthEmptiesTheRing) {
  ToyField field;
  Ring ring(field, toy_settings(4));
  (void)cadence(ring, 20);
  const auto id = ring.submit(toy_request(1, 1.0, 20)).value();
  for (const auto& finished : ring.drain()) {
    EXPECT_EQ(finished.id, id);
    EXPECT_EQ(finished.latent.size(1), 20);
  }
}

TEST(Ring, Fix13ResultsSayWhoseTheyAre) {
  ToyField field;
  Ring ring(field, toy_settings(2));
  const auto first = ring.submit(toy_request(1)).value();
  for (int i = 0; i < 3; ++i) (void)ring.tick();
  const auto second = ring.submit(toy_request(2)).value();
  const auto results = ring.drain();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].id, first);
  EXPECT_EQ(results[1].id, second);
  EXPECT_TRUE(results[1].latent.equal(generate(toy_request(2), field, toy_settings(1))));
}

TEST(Ring, Fix14OneLimitOnTheDepth) {
  ToyField field;
  EXPECT_EQ(Ring(field, toy_settings(100)).depth(), kDeepestRing);
  EXPECT_EQ(Ring(field, toy_settings(-3)).depth(), 1);
  Ring ring(field, toy_settings(4));
  ring.set_depth(100);
  EXPECT_EQ(ring.depth(), kDeepestRing);
  ring.set_depth(0);
  EXPECT_EQ(ring.depth(), 1);
}

TEST(Ring, Fix15AListOfSeedsIsSeveralGenerations) {
  ToyField field;
  const auto requests = one_per_seed(toy_request(9), {1, 2});
  ASSERT_EQ(requests.size(), 2U);
  const auto a = generate(requests[0], field, toy_settings(1));
  const auto b = generate(requests[1], field, toy_settings(1));
  EXPECT_FALSE(a.equal(b));
  auto two_rows = toy_request(1);
  two_rows.noise = draw(1, {2, 12, 4});
  EXPECT_FALSE(Ring(field, toy_settings(1)).submit(two_rows)) << "two rows are refused";
}

TEST(Ring, WarmsUpWhenEverySlotIsBusy) {
  ToyField field;
  Ring ring(field, toy_settings(4));
  std::int64_t warm = -1;
  for (std::int64_t tick = 0; tick < 40; ++tick) {
    (void)ring.submit(toy_request(static_cast<std::uint64_t>(tick)));
    (void)ring.tick();
    if (warm < 0 && ring.warmed_up()) warm = tick;
    if (warm >= 0) {
      EXPECT_EQ(ring.warmed_up() || tick % 2 == 0, true) << tick;
    }
  }
  EXPECT_EQ(warm, 6) << "slots are filled two ticks apart";
}

TEST(Ring, ATickThatFailsCanBeTriedAgain) {
  ToyField field;
  Ring calm(field, toy_settings(4));
  ToyField nervous;
  int left = 0;
  nervous.on_row = [&](const Row&) {
    if (left > 0 && --left == 0) throw Error(ErrorKind::memory, "the plan does not fit");
  };
  Ring ring(nervous, toy_settings(4));
  for (std::uint64_t tick = 0; tick < 60; ++tick) {
    (void)calm.submit(toy_request(tick));
    (void)ring.submit(toy_request(tick));
    const auto expected = calm.tick();
    left = static_cast<int>(tick % 4) + 1;
    std::optional<Finished> found;
    try {
      found = ring.tick();
    } catch (const Error&) {
      left = 0;
      found = ring.tick();
    }
    ASSERT_EQ(found.has_value(), expected.has_value()) << tick;
    if (found) {
      EXPECT_EQ(found->id, expected->id);
      EXPECT_TRUE(found->latent.equal(expected->latent));
    }
  }
}

TEST(Ring, TheLastDrawnScheduleIsKept) {
  ToyField field;
  Ring ring(field, toy_settings(2));
  const auto before = generate(toy_request(1, 0.6), field, toy_settings(1));
  (void)ring.submit(toy_request(1, 0.6));
  (void)ring.tick();
  ring.set_schedule(4, 1.0);
  const auto results = ring.drain();
  EXPECT_TRUE(results.at(0).latent.equal(before)) << "under way: the schedule it was born with";
  (void)ring.submit(toy_request(1, 0.6));
  EXPECT_FALSE(ring.drain().at(0).latent.equal(before));
  EXPECT_ERROR(ring.set_schedule(0, 3.0), ErrorKind::usage, "steps");
  EXPECT_ERROR(ring.set_schedule(8, 0.0), ErrorKind::usage, "shift");
}

}  // namespace
}  // namespace headroom::diffusion
