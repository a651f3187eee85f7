// A generation's result never depends on its company: random programs over the real transformer
// (tiny, random weights), each generation held bit for bit against itself alone.
#include <cstdlib>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "diffusion/dit_denoiser.h"
#include "diffusion/generate.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"
#include "toy_field.h"

namespace headroom::diffusion {
namespace {

const models::Dit& tiny_dit() {
  static const auto dit = [] {
    studio::RandomWeights weights(1);
    return models::bind_dit(
        Weights(weights),
        models::parse_acestep_config(studio::dit_config_json(studio::ModelSize::tiny), "tiny"));
  }();
  return dit;
}

// Requests from dice: every field that a request has, in every combination.
class Dice {
 public:
  Dice(std::uint64_t seed, std::int64_t frames) : generator_(seed), frames_(frames) {}

  std::int64_t roll(std::int64_t sides) {
    return static_cast<std::int64_t>(generator_.next()) % sides;
  }
  bool often(std::int64_t in) { return roll(in) == 0; }
  double unit() { return static_cast<double>(generator_.uniform()); }
  Curve curve() { return often(2) ? Curve(unit()) : Curve(generator_.normal({frames_}).abs_()); }
  at::Tensor latent() { return generator_.normal({1, frames_, tiny_dit().config.latent_channels}); }

  Condition condition() {
    const auto tokens = 1 + roll(14);
    Condition condition{generator_.normal({1, tokens, tiny_dit().config.encoder.hidden}),
                        at::ones({1, tokens})};
    if (often(3)) condition.weight = curve();
    if (often(4)) condition.range = StepRange{unit() * 0.5, 0.4 + unit() * 0.6};
    return condition;
  }

  Request request() {
    Request request{.conditions = {condition()}, .context = decoder_context(latent())};
    if (often(4)) request.conditions.push_back(condition());
    request.seed = generator_.next();
    if (!often(4)) request.source = latent();
    request.denoise = often(8) ? 0.0 : often(3) ? 1.0 : unit();
    if (often(5)) request.initial_noise = curve();
    if (often(4)) request.velocity_scale = curve();
    if (often(4)) request.ode_noise = curve();
    if (often(4)) request.sde_denoise = curve();
    if (often(4)) {
      request.target = {.latent = latent(), .strength = curve(), .gate = unit()};
      if (often(2)) request.target.curve = curve();
    }
    if (often(5)) request.mask = {.mask = curve(), .original = latent()};
    if (often(4)) {
      request.guidance.scale = Curve(1.0 + 4.0 * unit());
      request.guidance.mode = static_cast<GuidanceMode>(roll(3));
      request.guidance.negatives.push_back(condition());
      if (often(2)) request.guidance.rescale = curve();
    }
    return request;
  }

  RingSettings settings() {
    RingSettings settings{.steps = 1 + roll(5), .shift = 1.0 + 4.0 * unit()};
    settings.depth = 1 + roll(8);
    if (often(3)) settings.controls.method = Method::sde;
    if (!often(3)) {
      settings.controls.dcw = DcwSettings{.mode = static_cast<DcwMode>(roll(4)),
                                          .wavelet = static_cast<Wavelet>(roll(4))};
    }
    return settings;
  }

 private:
  NoiseGenerator generator_;
  std::int64_t frames_;
};

void run_program(std::uint64_t seed) {
  NoiseGenerator length(seed);
  Dice dice(seed + 1, 6 + static_cast<std::int64_t>(length.next() % 9));
  const auto settings = dice.settings();
  DitDenoiser denoiser(tiny_dit());
  Ring ring(denoiser, settings);
  std::map<std::uint64_t, Request> requests;
  std::vector<Finished> results;
  const auto ticks = 6 + dice.roll(10);
  for (std::int64_t tick = 0; tick < ticks; ++tick) {
    if (dice.often(4)) ring.set_depth(1 + dice.roll(8));
    if (!dice.often(4)) {
      auto request = dice.request();
      requests[ring.submit(request).value()] = request;
    }
    if (auto finished = ring.tick()) results.push_back(std::move(*finished));
  }
  for (auto& finished : ring.drain()) results.push_back(std::move(finished));
  DitDenoiser other(tiny_dit());
  for (const auto& finished : results) {
    auto alone = settings;
    const auto& request = requests.at(finished.id);
    ASSERT_TRUE(finished.latent.isfinite().all().item<bool>());
    // The trivial strength runs no network alone; in a ring it takes one step of no length.
    const auto expected = generate(request, other, alone);
    if (request.denoise > 0.0) {
      ASSERT_TRUE(finished.latent.equal(expected))
          << "program " << seed << ", generation " << finished.id << ": largest difference "
          << (finished.latent - expected).abs().max().item<double>();
    }
  }
}

TEST(Company, Fix01AndFix02NeverChangesAResult) {
  const auto* const wish = std::getenv("HEADROOM_SEED");
  const std::uint64_t first = wish != nullptr ? std::strtoull(wish, nullptr, 10) : 20260118;
  constexpr std::uint64_t programs = 200;
  fmt::print("programs {} to {}; HEADROOM_SEED chooses others\n", first, first + programs - 1);
  for (std::uint64_t i = 0; i < programs && !testing::Test::HasFatalFailure(); ++i)
    run_program(first + i);
}

// Eight generations whose prompts have eight lengths, in full passes of a batch.
TEST(Company, Fix02ABatchPadsNothing) {
  Dice dice(3, 12);
  std::vector<Request> requests;
  for (int i = 0; i < 8; ++i) {
    requests.push_back({.conditions = {dice.condition()},
                        .context = decoder_context(dice.latent()),
                        .seed = 5,
                        .source = dice.latent()});
  }
  DitDenoiser together(tiny_dit(), {.batched = true});
  RingSettings settings{.steps = 3, .depth = 8, .queue_cap = 8};
  settings.reference.bursts = true;
  Ring ring(together, settings);
  for (const auto& request : requests) (void)ring.submit(request);
  DitDenoiser single(tiny_dit());
  for (const auto& finished : ring.drain()) {
    const auto alone = generate(requests.at(finished.id - 1), single, settings);
    EXPECT_LT((finished.latent - alone).abs().max().item<double>(), 1e-4) << finished.id;
  }
}

TEST(DitDenoiser, Fix12SplitsRowsOverTheLimit) {
  Dice dice(4, 10);
  const auto states = dice.condition().states;
  std::vector<Condition> conditions(11, Condition{states, at::ones({1, states.size(1)})});
  const auto context = decoder_context(dice.latent());
  std::vector<Row> rows;
  for (const auto& condition : conditions)
    rows.push_back({dice.latent(), dice.unit(), context, &condition, false});
  DitDenoiser split(tiny_dit(), {.batched = true, .most_rows = 4});
  DitDenoiser single(tiny_dit());
  std::vector<at::Tensor> together;
  std::vector<at::Tensor> alone;
  split.velocities(rows, together);
  single.velocities(rows, alone);
  ASSERT_EQ(together.size(), rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_LT((together[i] - alone[i]).abs().max().item<double>(), 1e-4) << i;
    // A result of a split pass keeps no more than its own pass alive.
    EXPECT_LE(together[i].storage().nbytes(), 4U * alone[i].nbytes());
  }
}

TEST(DitDenoiser, Fix04ResultsAreMemoryOfTheirOwn) {
  Dice dice(5, 10);
  const auto condition = dice.condition();
  const auto context = decoder_context(dice.latent());
  for (const bool batched : {false, true}) {
    DitDenoiser denoiser(tiny_dit(), {.batched = batched});
    const std::vector<Row> first{{dice.latent(), 0.9, context, &condition, false}};
    const std::vector<Row> second{{dice.latent(), 0.2, context, &condition, true}};
    std::vector<at::Tensor> positive;
    std::vector<at::Tensor> negative;
    denoiser.velocities(first, positive);
    const auto before = positive[0].clone();
    denoiser.velocities(second, negative);
    EXPECT_TRUE(positive[0].equal(before)) << "a later pass wrote into an earlier result";
    EXPECT_FALSE(negative[0].equal(before));
  }
}

TEST(DitDenoiser, Fix16ForgetsConditionsThatNobodyHolds) {
  Dice dice(6, 10);
  DitDenoiser denoiser(tiny_dit());
  for (int i = 0; i < 20; ++i) {
    RingSettings settings{.steps = 2, .depth = 2};
    Ring ring(denoiser, settings);
    (void)ring.submit(
        {.conditions = {dice.condition()}, .context = decoder_context(dice.latent()), .seed = 1});
    (void)ring.drain();
  }
  EXPECT_LE(denoiser.prepared_conditions(), 1U) << "closed rings leave nothing behind";
}

}  // namespace
}  // namespace headroom::diffusion
