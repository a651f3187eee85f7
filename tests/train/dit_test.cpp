// Where the training of the transformer begins.
#include "models/dit.h"

#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"
#include "train/recipes/dit.h"
#include "train/recipes/dit_start.h"

namespace headroom::train {
namespace {

constexpr double kPower = 1.5;

Parameters drawn(const models::AceStepConfig& config) {
  studio::RandomWeights random(3);
  const auto shapes =
      shapes_of([&](const Weights& weights) { (void)models::bind_dit(weights, config); });
  return Parameters(
      shapes,
      [&](const std::string& name, at::IntArrayRef shape) { return random.get(name, shape); },
      [](const std::string&) { return true; });
}

TEST(DitStart, IsTheBestLinearGuess) {
  const auto config = models::parse_acestep_config(sketch_dit_config(), "sketch");
  auto parameters = drawn(config);
  ASSERT_TRUE(begin_as_linear_denoiser(parameters, config, kPower));
  const auto dit = models::bind_dit(Weights(parameters), config);
  constexpr std::int64_t frames = 100;
  const auto condition = models::prepare_condition(
      dit, diffusion::NoiseGenerator(1).normal({1, 20, config.encoder.hidden}));
  const auto noise = diffusion::NoiseGenerator(2).normal({1, frames, config.latent_channels});
  const auto latent =
      diffusion::NoiseGenerator(3).normal({1, frames, config.latent_channels}) * std::sqrt(kPower);
  const auto hints = at::zeros_like(latent);
  for (const double t : {0.1, 0.3, 0.55, 0.8, 0.98}) {
    const auto x = t * noise + (1.0 - t) * latent;
    const auto made = models::velocity(dit, x, at::cat({hints, at::ones_like(hints)}, 2),
                                       at::full({1}, t), condition);
    const auto best = wiener_velocity(at::full({1}, t), kPower).item<double>();
    const auto wanted = noise - latent;
    const auto loss = [&](const at::Tensor& guess) {
      return (guess - wanted).square().mean().item<double>();
    };
    EXPECT_LT(loss(made), loss(best * x) + 0.1) << "at t = " << t;
  }
}

TEST(DitStart, OfANarrowStreamOnlyQuietensLayers) {
  const auto config =
      models::parse_acestep_config(studio::dit_config_json(studio::ModelSize::tiny), "tiny");
  auto parameters = drawn(config);
  const auto before = parameters.all().at("decoder.proj_in.1.weight").clone();
  EXPECT_FALSE(begin_as_linear_denoiser(parameters, config, kPower));
  EXPECT_TRUE(at::equal(before, parameters.all().at("decoder.proj_in.1.weight")));
}

}  // namespace
}  // namespace headroom::train
