// The streaming engine on a device: what it takes is what was planned, and results are those of the
// engine alone.
#include "studio/stream.h"

#include <gtest/gtest.h>

#include "diffusion/generate.h"
#include "studio/small_session.h"

namespace headroom::studio {
namespace {

constexpr std::int64_t kFrames = 250;
constexpr std::int64_t kRows = 40;

class StreamOnDevice : public testing::Test {
 protected:
  at::Tensor noise(at::IntArrayRef shape) { return noise_.normal(shape); }
  std::int64_t channels() const { return studio_.networks().configs().dit.latent_channels; }
  diffusion::Condition condition(std::int64_t rows) {
    return {.states = noise({1, rows, studio_.networks().configs().dit.encoder.hidden}),
            .mask = {}};
  }

  diffusion::Request plain() {
    diffusion::Request request;
    request.conditions = {condition(kRows)};
    request.context = make_context(noise({1, kFrames, channels()}));
    request.seed = 7;
    return request;
  }

  // Everything that takes memory at once.
  diffusion::Request rich() {
    auto request = plain();
    request.source = noise({1, kFrames, channels()});
    request.denoise = 0.9;
    request.target = {.latent = noise({1, kFrames, channels()}), .strength = 0.3};
    request.mask.mask = at::ones({kFrames}) * 0.7;
    request.mask.original = noise({1, kFrames, channels()});
    request.velocity_scale = at::ones({kFrames});
    request.ode_noise = at::ones({kFrames}) * 0.1;
    request.guidance.scale = at::ones({kFrames}) * 3.0;
    request.guidance.rescale = 0.5;
    request.guidance.negatives = {condition(kRows)};
    return request;
  }

  std::uint64_t beside_weights() {
    return studio_.device().usage().used - studio_.networks().sizes().dit;
  }

  Studio studio_{SmallModel::shared().open(), small_settings(512 * kMiB)};
  diffusion::NoiseGenerator noise_{3};
};

TEST_F(StreamOnDevice, ARequestHasTheBitsOfTheEngineAlone) {
  const auto request = rich();
  Stream stream(studio_, "test", {.steps = 3, .depth = 2});
  stream.lay_out(kFrames, kRows);
  const auto dit = SmallModel::shared().open().load_dit();
  diffusion::DitDenoiser denoiser(dit);
  EXPECT_TRUE(stream.run(request, memory::Priority::interactive)
                  .equal(diffusion::generate(request, denoiser, {.steps = 3})));
}

TEST_F(StreamOnDevice, TakesNoMoreThanItsPlanAtTheDeepest) {
  diffusion::RingSettings settings{.steps = 4, .depth = diffusion::kDeepestRing};
  settings.controls.dcw.emplace();
  settings.controls.dcw->advanced.mult_blend = 0.5;
  Stream stream(studio_, "test", settings);
  stream.lay_out(kFrames, kRows);
  const auto plan = session_plan(studio_.networks(), kFrames, kRows);
  std::uint64_t most = 0;
  for (int i = 0; i < 24; ++i) {
    (void)stream.tick(memory::Priority::realtime, [&](diffusion::Ring& ring) {
      ASSERT_TRUE(ring.submit(stream.placed(rich())));
    });
    most = std::max(most, beside_weights());
    ASSERT_EQ(check_books(studio_), "") << "tick " << i;
  }
  EXPECT_LE(most, plan.buffers) << "look at session_plan()";
  EXPECT_GT(most, plan.buffers / 3) << "it reckons with far too much: look at session_plan()";
}

TEST_F(StreamOnDevice, TakesNothingMoreInSteadyState) {
  Stream stream(studio_, "test", {.steps = 4, .depth = 4});
  stream.lay_out(kFrames, kRows);
  const auto request = plain();
  const auto tick = [&] {
    (void)stream.tick(memory::Priority::realtime, [&](diffusion::Ring& ring) {
      ASSERT_TRUE(ring.submit(stream.placed(request)));
    });
  };
  for (int i = 0; i < 20; ++i) tick();
  const auto used = beside_weights();
  const auto reserved = studio_.device().usage().reserved;
  for (int i = 0; i < 40; ++i) {
    tick();
    ASSERT_EQ(beside_weights(), used) << "tick " << i;
  }
  EXPECT_EQ(studio_.device().usage().reserved, reserved);
}

TEST_F(StreamOnDevice, ALayoutThatDoesNotFitLeavesTheOldOnePlaying) {
  Stream stream(studio_, "test", {.steps = 2, .depth = 2});
  stream.lay_out(kFrames, kRows);
  const auto request = plain();
  const auto before = stream.run(request, memory::Priority::realtime);
  EXPECT_THROW(stream.lay_out(2'000'000, kRows), memory::Refused);
  EXPECT_EQ(stream.frames(), kFrames);
  EXPECT_TRUE(stream.run(request, memory::Priority::realtime).equal(before));
}

TEST_F(StreamOnDevice, GivesEverythingBackWhenItEnds) {
  const auto leased = studio_.ledger().leased();
  {
    Stream stream(studio_, "test", {.steps = 2, .depth = 2});
    stream.lay_out(kFrames, kRows);
    (void)stream.run(plain(), memory::Priority::realtime);
  }
  studio_.executor().between_steps([](memory::Residency& r) { r.park_idle(); });
  EXPECT_EQ(studio_.device().usage().used, 0U);
  EXPECT_LE(studio_.ledger().leased(), leased);
}

}  // namespace
}  // namespace headroom::studio
