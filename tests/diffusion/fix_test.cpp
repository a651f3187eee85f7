// The repairs of the reference that concern one generation, by their numbers in the specification.
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "diffusion/generate.h"
#include "diffusion/schedule.h"
#include "diffusion/slot_noise.h"
#include "expect_error.h"
#include "toy_field.h"

namespace headroom::diffusion {
namespace {

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TEST(SlotNoise, Fix01EveryStepHasNoiseOfItsOwn) {
  Workspace ws;
  const auto noise = [&](std::uint64_t seed, NoisePurpose purpose, std::int64_t step) {
    return slot_noise(ws, seed, purpose, step, 16, 4).clone();
  };
  std::vector<at::Tensor> all;
  for (const auto purpose : {NoisePurpose::initial, NoisePurpose::mask})
    all.push_back(noise(7, purpose, 0));
  for (std::int64_t step = 0; step < 8; ++step) all.push_back(noise(7, NoisePurpose::step, step));
  all.push_back(noise(8, NoisePurpose::step, 0));
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      const auto product = (all[i] * all[k]).mean().item<double>();
      EXPECT_LT(std::abs(product), 0.5) << "draws " << k << " and " << i << " are alike";
    }
  }
  EXPECT_TRUE(noise(7, NoisePurpose::step, 3).equal(all[5])) << "no history";
  EXPECT_TRUE(noise(7 + (std::uint64_t{1} << 32U), NoisePurpose::step, 3).equal(all[5]));
  EXPECT_TRUE(noise(7, NoisePurpose::initial, 0).equal(initial_noise(7, 16, 4)));
}

TEST(Ring, Fix01StochasticGenerationsAreTheirOwn) {
  for (const auto method : {Method::ode, Method::sde}) {
    ToyField field;
    auto settings = toy_settings(6);
    settings.controls.method = method;
    Ring ring(field, settings);
    std::map<std::uint64_t, Request> requests;
    std::vector<Finished> results;
    for (std::uint64_t tick = 0; tick < 40; ++tick) {
      auto request = toy_request(tick);
      if (tick % 3 == 0) request.ode_noise = 0.5;
      if (tick % 3 == 1) request.sde_denoise = 0.7;
      if (tick % 3 == 2)
        request.mask = {.mask = Curve(at::linspace(0, 1, 12)), .original = draw(tick, {1, 12, 4})};
      requests[ring.submit(request).value()] = request;
      if (auto finished = ring.tick()) results.push_back(std::move(*finished));
    }
    ASSERT_GT(results.size(), 20U);
    for (const auto& finished : results)
      EXPECT_TRUE(finished.latent.equal(generate(requests.at(finished.id), field, settings)));
  }
}

TEST(Ring, Fix05KeptFramesAreExactUnderTheCorrection) {
  ToyField field;
  auto request = toy_request(3, 0.8);
  const auto original = draw(9, {1, 12, 4});
  auto keep = at::ones({12});
  keep.narrow(0, 4, 5).zero_();
  request.mask = {.mask = keep, .original = original};
  auto settings = toy_settings(1);
  settings.controls.dcw.emplace();
  const auto kept = [](const at::Tensor& x) { return x.narrow(1, 4, 5); };
  EXPECT_TRUE(kept(generate(request, field, settings)).equal(kept(original)));
  settings.reference.dcw_in_kept_frames = true;
  EXPECT_GT(largest_difference(kept(generate(request, field, settings)), kept(original)), 1e-4)
      << "as the reference has it";
}

TEST(Schedule, Fix08EveryStrengthCanBeHeard) {
  double last = 0.0;
  for (int i = 1; i <= 1000; ++i) {
    const double strength = i / 1000.0;
    const auto times = timesteps(8, 3.0, strength, /*quantise=*/false);
    EXPECT_GT(times.front(), last) << strength;
    last = times.front();
  }
  EXPECT_EQ(timesteps(8, 3.0, 0.95), timesteps(8, 3.0, 1.0)) << "quantised: a dead zone";
  EXPECT_EQ(timesteps(8, 3.0, 1.0, false), timesteps(8, 3.0, 1.0, true));
  ToyField field;
  auto settings = toy_settings(1);
  settings.quantise_denoise = false;
  EXPECT_FALSE(generate(toy_request(1, 0.95), field, settings)
                   .equal(generate(toy_request(1, 0.92), field, settings)));
}

// A network in bf16 moves the state in fp32: a feature without effect has no effect.
TEST(Ring, Fix09TheStateIsWiderThanTheNetwork) {
  class Narrow : public ToyField {
   public:
    void velocities(std::span<const Row> rows, std::vector<at::Tensor>& velocities) override {
      ToyField::velocities(rows, velocities);
      for (auto& v : velocities) v = v.to(at::kBFloat16);
    }
  };
  Narrow field;
  const auto plain = generate(toy_request(1), field, toy_settings(1));
  EXPECT_EQ(plain.scalar_type(), at::kFloat);
  // A target whose curve is zero sends every step through the clean estimate.
  auto request = toy_request(1);
  request.target = {.latent = draw(2, {1, 12, 4}), .curve = Curve(0.0)};
  EXPECT_LT(largest_difference(generate(request, field, toy_settings(1)), plain), 0.02);
  auto narrow = toy_settings(1);
  narrow.reference.state = at::kBFloat16;
  EXPECT_EQ(generate(request, field, narrow).scalar_type(), at::kBFloat16) << "as the reference";
  ToyField wide;
  EXPECT_LT(largest_difference(generate(request, wide, toy_settings(1)),
                               generate(toy_request(1), wide, toy_settings(1))),
            1e-5);
}

TEST(Dcw, Fix17TheAdvancedFadersCanBeTakenBack) {
  ToyField field;
  Ring ring(field, toy_settings(1));
  DcwSettings settings;
  const auto once = [&] {
    (void)ring.submit(toy_request(4));
    return ring.drain().at(0).latent;
  };
  ring.set_dcw(settings);
  const auto plain = once();
  settings.advanced = {0.4, 0.0, 0.1};
  ring.set_dcw(settings);
  EXPECT_FALSE(once().equal(plain));
  settings.advanced = {};
  ring.set_dcw(settings);
  EXPECT_TRUE(once().equal(plain));
}

// Every way in which a request can be wrong is refused before it is in the ring.
TEST(Ring, Fix18RefusesWhatWouldFailInATick) {
  ToyField field;
  Ring ring(field, toy_settings(2));
  const auto refused = [&](auto change, const std::string& why) {
    auto request = toy_request(1);
    change(request);
    const auto id = ring.submit(request);
    ASSERT_FALSE(id) << why;
    EXPECT_NE(id.error().reason.find(why), std::string::npos) << id.error().reason;
  };
  const Curve wrong(at::ones({11}));
  refused([&](Request& r) { r.velocity_scale = wrong; }, "velocity_scale has shape [1, 11, 1]");
  refused([&](Request& r) { r.ode_noise = wrong; }, "ode_noise_curve");
  refused([&](Request& r) { r.sde_denoise = wrong; }, "sde_denoise_curve");
  refused([&](Request& r) { r.initial_noise = wrong; }, "initial_noise_curve");
  refused([&](Request& r) { r.guidance.scale = wrong; }, "guidance_curve");
  refused([&](Request& r) { r.guidance.momentum = wrong; }, "apg_momentum");
  refused([&](Request& r) { r.guidance.rescale = wrong; }, "cfg_rescale_curve");
  refused([&](Request& r) { r.target.curve = wrong; }, "x0_target_curve");
  refused([&](Request& r) { r.target.strength = wrong; }, "x0_target_strength");
  refused([&](Request& r) { r.conditions[0].weight = wrong; }, "condition");
  refused([&](Request& r) { r.conditions.clear(); }, "at least one condition");
  refused([&](Request& r) { r.conditions[0].states = at::zeros({5, 3}); }, "[1, L, width]");
  refused([&](Request& r) { r.conditions[0].mask = at::zeros({1, 4}); }, "4");
  refused([&](Request& r) { r.source = at::zeros({1, 11, 4}); }, "the source");
  refused([&](Request& r) { r.target.latent = at::zeros({1, 12, 5}); }, "the target");
  refused([&](Request& r) { r.mask.mask = 1.0; }, "latent mask");
  refused(
      [&](Request& r) {
        r.mask = {.mask = 1.0, .original = at::zeros({1, 2, 4})};
      },
      "original");
  refused([&](Request& r) { r.context = at::zeros({1, 12, 7}); }, "context");
  refused([&](Request& r) { r.denoise = 1.5; }, "denoise");
  refused([&](Request& r) { r.denoise = std::nan(""); }, "denoise");
  refused([&](Request& r) { r.target.gate = -1; }, "gate");
  EXPECT_TRUE(ring.idle());
  EXPECT_FALSE(parse_shared_curve("velocity_scales")) << "a name that would be ignored";
  EXPECT_FALSE(ring.set_gain(at::ones({4})));
  EXPECT_ERROR(Ring(field, toy_settings(2, 0)), ErrorKind::usage, "steps");
}

TEST(Ring, Fix18ASharedCurveOfAnotherSourceDoesNotCount) {
  ToyField field;
  Ring ring(field, toy_settings(1));
  (void)ring.submit(toy_request(1));
  const auto plain = ring.drain().at(0).latent;
  ring.set_shared(SharedCurve::velocity_scale, Curve(at::full({99}, 0.5)));
  (void)ring.submit(toy_request(1));
  EXPECT_TRUE(ring.drain().at(0).latent.equal(plain));
  ring.set_shared(SharedCurve::velocity_scale, Curve(at::full({12}, 0.5)));
  (void)ring.submit(toy_request(1));
  EXPECT_FALSE(ring.drain().at(0).latent.equal(plain));
}

TEST(Curve, Fix18RefusesFourDimensions) {
  EXPECT_ERROR(Curve(at::zeros({1, 2, 3, 4})), ErrorKind::usage, "4 dimensions");
}

// A whole tick later is too late: what is turned acts on all that is under way at the next tick.
TEST(Ring, WhatIsTurnedActsOnAllFromTheNextTick) {
  ToyField field;
  Ring ring(field, toy_settings(4));
  for (std::uint64_t tick = 0; tick < 7; ++tick) {
    (void)ring.submit(toy_request(tick));
    (void)ring.tick();
  }
  const auto before = ring.slots();
  ring.set_shared(SharedCurve::velocity_scale, Curve(0.0));
  (void)ring.tick();
  const auto after = ring.slots();
  int stood_still = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i].id == 0 || before[i].id != after[i].id) continue;
    EXPECT_TRUE(before[i].x.equal(after[i].x)) << "without velocity nothing moves";
    ++stood_still;
  }
  EXPECT_GE(stood_still, 2);
}

}  // namespace
}  // namespace headroom::diffusion
