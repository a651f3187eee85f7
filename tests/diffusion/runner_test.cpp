// The runner's decisions on a simulated clock.
#include <cmath>

#include <gtest/gtest.h>

#include "diffusion/knobs.h"
#include "diffusion/noise.h"
#include "diffusion/playhead.h"
#include "diffusion/runner_plan.h"
#include "diffusion/window_plan.h"

namespace headroom::diffusion {
namespace {

TEST(Playhead, FollowsReportsAndRunsInBetween) {
  Playhead playhead(10.0);
  EXPECT_EQ(playhead.sample(10.5, 480000), 24000);
  playhead.report(100000, 0.0, 11.0);
  EXPECT_EQ(playhead.sample(11.0, 480000), 100000);
  playhead.report(100000, 0.0, 12.0);
  EXPECT_NEAR(playhead.sample(12.0, 480000), 148000, 1) << "the same report does not anchor again";
  playhead.report(200000, 0.25, 13.0);
  EXPECT_NEAR(playhead.sample(13.0, 480000), 212000, 1) << "a report is as old as its staleness";
  EXPECT_NEAR(playhead.sample(23.0, 480000), 212000, 1) << "around the end of the buffer";
}

TEST(Playhead, Fix24StandsWhileTheClientIsPaused) {
  Playhead playhead(0.0);
  playhead.report(48000, 0.0, 1.0);
  playhead.pause(2.0);
  EXPECT_NEAR(playhead.sample(2.0, 4800000), 96000, 1);
  EXPECT_NEAR(playhead.sample(60.0, 4800000), 96000, 1);
  playhead.resume(100.0);
  EXPECT_NEAR(playhead.sample(101.0, 4800000), 144000, 1);
}

TEST(Playhead, Fix24StandsWhenReportsStop) {
  Playhead playhead(0.0);
  playhead.set_report_timeout(3.0);
  playhead.report(48000, 0.0, 1.0);
  EXPECT_NEAR(playhead.sample(3.0, 4800000), 3 * 48000, 1);
  EXPECT_NEAR(playhead.sample(50.0, 4800000), 4 * 48000, 1);
  playhead.report(48000 * 60, 0.0, 60.0);
  EXPECT_NEAR(playhead.sample(61.0, 4800000), 61 * 48000, 1);
}

TEST(ReportDelay, IsMeasuredAgainstTheQuickestWay) {
  ReportDelay delay;
  // The client's clock is 500 s ahead; ways take 20 ms and more.
  EXPECT_NEAR(delay.staleness(600.0, 100.05), 0.0, 1e-9);
  EXPECT_NEAR(delay.staleness(601.0, 101.02), 0.0, 1e-9);
  EXPECT_NEAR(delay.staleness(602.0, 102.10), 0.08, 1e-9);
  EXPECT_NEAR(delay.staleness(800.0, 300.30), 0.0, 1e-9) << "after two minutes clocks have drifted";
}

// A stall is forgotten no faster than time passes. What is left is the mean interval falling back,
// which is less than a latent frame.
TEST(Lead, TheTargetDoesNotMoveBackwardsAfterAStall) {
  constexpr double frame = 0.04;
  NoiseGenerator dice(3);
  for (int run = 0; run < 200; ++run) {
    Lead lead({.release = 0.1});
    double now = 0.0;
    double target = lead.seconds();
    for (int i = 0; i < 200; ++i) {
      const double gap =
          dice.next() % 20 == 0 ? 0.2 + 1.2 * dice.uniform() : 0.03 + 0.1 * dice.uniform();
      now += gap;
      lead.note_write(gap, now);
      const double next = now + lead.seconds();
      EXPECT_GE(next, target - frame) << "run " << run << ", write " << i;
      target = next;
    }
  }
}

TEST(Lead, StaysWithinItsLimits) {
  Lead lead;
  for (int i = 0; i < 50; ++i) {
    lead.note_write(5.0, 5.0 * i);
    lead.report_landing(-10.0, 5.0 * i);
  }
  EXPECT_DOUBLE_EQ(lead.seconds(), 1.35 + 3.0);
  EXPECT_DOUBLE_EQ(lead.seconds(/*band_armed=*/true), 1.35) << "a band ignores the transport";
}

TEST(IdleClock, ReplaysThenRestsThenWakes) {
  IdleClock idle(20.0);
  EXPECT_EQ(idle.decide(20.0, true, 60.0), Activity::working);
  EXPECT_EQ(idle.decide(20.1, false, 60.0), Activity::working) << "nothing to replay: go on";
  EXPECT_EQ(idle.decide(21.0, true, 60.0), Activity::replaying);
  EXPECT_EQ(idle.decide(80.0, true, 60.0), Activity::replaying);
  EXPECT_EQ(idle.decide(81.0, true, 60.0), Activity::resting);
  idle.touch(90.0);
  EXPECT_EQ(idle.decide(90.0, true, 60.0), Activity::working);
  EXPECT_EQ(IdleClock(0.0).decide(1e9, true, 1.0), Activity::working) << "0 disables it";
}

TEST(StrengthGate, Fix10ASlowRampArrives) {
  StrengthGate gate;
  double applied = -1.0;
  int merges = 0;
  for (int i = 0; i <= 100; ++i) {
    if (const auto strength = gate.update(0.002 * i, 0.05 * i)) {
      applied = *strength;
      ++merges;
    }
  }
  for (int i = 0; i < 20; ++i) {
    if (const auto strength = gate.update(0.2, 5.0 + 0.05 * i)) applied = *strength;
  }
  EXPECT_DOUBLE_EQ(applied, 0.2) << "where the knob has come to rest";
  EXPECT_GT(merges, 5);
  EXPECT_LT(merges, 20) << "not one merge per message";
}

TEST(StrengthGate, Fix10TheSmallestMoveIsAppliedOnceItSettles) {
  StrengthGate gate;
  (void)gate.update(0.5, 0.0);
  EXPECT_FALSE(gate.update(0.501, 1.0));
  EXPECT_FALSE(gate.update(0.501, 1.1));
  EXPECT_EQ(gate.update(0.501, 1.3), 0.501);
  EXPECT_FALSE(gate.update(0.501, 9.0)) << "once";
}

TEST(RunnerPlanner, Fix23TheSessionsStepsAreUsedUntilTheKnobSaysOtherwise) {
  RunnerPlanner planner(SessionKind::ode, 5);
  EXPECT_EQ(planner.plan({}, 10).steps, 5);
  EXPECT_EQ(planner.plan({{"steps_override", 12}}, 10).steps, 12);
}

TEST(RunnerPlanner, AnSdeSessionTurnsItsAmplitudeIntoACurve) {
  RunnerPlanner planner(SessionKind::sde);
  auto plan = planner.plan({{"sde_amp", 0.6}, {"denoise", 0.1}}, 50);
  EXPECT_DOUBLE_EQ(plan.denoise, 1.0);
  EXPECT_EQ(plan.sde_denoise.frames(), 50);
  EXPECT_FLOAT_EQ(plan.sde_denoise.values().max().item<float>(), 0.6F);
  EXPECT_FLOAT_EQ(plan.sde_denoise.values().min().item<float>(), 0.6F);
  plan = planner.plan({{"sde_amp", 0.6}, {"periodicity", 2.0}}, 50);
  EXPECT_NEAR(plan.sde_denoise.values().max().item<double>(), 0.6, 0.01);
  EXPECT_NEAR(plan.sde_denoise.values().min().item<double>(), 0.0, 0.01);
  const nlohmann::json drawn{{"sde_amp", 0.6},
                             {"sde_denoise_curve", {{"type", "raw"}, {"values", {0.0, 1.0}}}}};
  EXPECT_FLOAT_EQ(planner.plan(drawn, 50).sde_denoise.values()[0][49].item<float>(), 1.0F);
}

TEST(FeedbackHistory, TakesTheTapThatIsThere) {
  FeedbackHistory history;
  const auto source = at::zeros({1, 4, 2});
  EXPECT_TRUE(history.mix(source, 1.0, 1.0).is_same(source));
  for (int i = 1; i <= 20; ++i) history.push(at::full({1, 4, 2}, static_cast<double>(i)));
  const auto at_depth = [&](double depth) {
    return history.mix(source, 0.5, depth).max().item<double>();
  };
  EXPECT_DOUBLE_EQ(at_depth(1.0), 10.0);
  EXPECT_DOUBLE_EQ(at_depth(8.0), 6.5);
  EXPECT_DOUBLE_EQ(at_depth(100.0), 6.5);
  EXPECT_DOUBLE_EQ(at_depth(-5.0), 10.0);
  EXPECT_TRUE(history.mix(at::zeros({1, 5, 2}), 0.5, 1.0).eq(0).all().item<bool>())
      << "latents of another source do not count";
}

TEST(FeedbackHistory, KeepsTheEnergyOfBothSides) {
  FeedbackHistory history;
  const auto a = NoiseGenerator(1).normal({1, 50, 64});
  const auto b = NoiseGenerator(2).normal({1, 50, 64});
  history.push(b);
  const double whole = a.norm().item<double>();
  EXPECT_NEAR(history.mix(a, 0.5, 1.0).norm().item<double>(), whole, 0.05 * whole);
  EXPECT_LT(history.mix(a, 0.5, 1.0, BlendKind::linear).norm().item<double>(), 0.75 * whole);
}

TEST(KnobEase, EasesOutAndRetargets) {
  KnobEase ease(0.0, 1.0);
  ease.set(1.0, 10.0);
  EXPECT_DOUBLE_EQ(ease.value(10.0), 0.0);
  EXPECT_DOUBLE_EQ(ease.value(10.5), 1.0 - 0.125);
  EXPECT_DOUBLE_EQ(ease.value(11.0), 1.0);
  ease.set(0.0, 10.5);
  EXPECT_DOUBLE_EQ(ease.value(10.5), 0.875) << "from where it is";
  double last = 1.0;
  for (int i = 0; i <= 1000; ++i) {
    const double value = ease.value(10.5 + 0.001 * i);
    EXPECT_LE(value, last);
    last = value;
  }
  EXPECT_EQ(last, 0.0);
}

}  // namespace
}  // namespace headroom::diffusion
