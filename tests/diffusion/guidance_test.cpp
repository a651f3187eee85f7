#include "diffusion/guidance.h"

#include <gtest/gtest.h>

#include "diffusion/dcw.h"
#include "diffusion/noise.h"

namespace headroom::diffusion {
namespace {

at::Tensor draw(std::uint64_t seed) { return NoiseGenerator(seed).normal({1, 30, 8}); }

TEST(Apg, OfEqualSidesChangesNothing) {
  Workspace ws;
  const auto v = draw(1);
  Apg apg;
  const auto guided = apg.guide(ws, v, v, 7.0);
  EXPECT_TRUE(guided.equal(v)) << "a zero difference must stay zero, not become NaN";
}

TEST(Apg, AtScaleOneIsTheConditionalSide) {
  Workspace ws;
  Apg apg;
  EXPECT_TRUE(apg.guide(ws, draw(1), draw(2), 1.0).equal(draw(1)));
}

TEST(Apg, PushesAtRightAnglesToTheConditionalSide) {
  Workspace ws;
  const auto v = draw(1);
  const auto push = Apg().guide(ws, v, draw(2), 5.0) - v;
  const auto along = (push * v).sum(1) / v.square().sum(1);
  EXPECT_LT(along.abs().max().item<double>(), 1e-5);
  EXPECT_GT(push.abs().max().item<double>(), 0.1);
}

TEST(Apg, RemembersTheStepBefore) {
  Workspace ws;
  Apg apg;
  (void)apg.guide(ws, draw(1), draw(2), 5.0);
  const auto second = apg.guide(ws, draw(3), draw(4), 5.0);
  EXPECT_FALSE(second.equal(Apg().guide(ws, draw(3), draw(4), 5.0))) << "the momentum is lost";
}

TEST(Dcw, LeavesAStateAloneThatEqualsItsEstimate) {
  Workspace ws;
  const auto x = draw(1);
  for (const auto mode : {DcwMode::low, DcwMode::high, DcwMode::both, DcwMode::pixel}) {
    DcwSettings settings;
    settings.mode = mode;
    EXPECT_LT((correct(ws, settings, x, x, 0.5) - x).abs().max().item<double>(), 1e-6);
  }
}

TEST(Dcw, KeepsOddLengths) {
  Workspace ws;
  const auto x = draw(1).narrow(1, 0, 29);
  const auto y = draw(2).narrow(1, 0, 29);
  EXPECT_EQ(correct(ws, {}, x, y, 0.5).sizes(), x.sizes());
}

}  // namespace
}  // namespace headroom::diffusion
