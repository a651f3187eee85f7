// Where the VAE's training begins, and what leaves it.
#include "train/recipes/vae.h"

#include <gtest/gtest.h>

#include "models/oobleck.h"
#include "train/learn/losses.h"
#include "train/recipes/clips.h"
#include "train/recipes/vae_scale.h"
#include "train/recipes/vae_start.h"

namespace headroom::train {
namespace {

struct Coder {
  models::OobleckEncoder encoder;
  models::OobleckDecoder decoder;

  Coder(WeightSource& source, const models::OobleckConfig& config)
      : encoder(models::bind_oobleck_encoder(Weights(source), config)),
        decoder(models::bind_oobleck_decoder(Weights(source), config)) {}

  models::Posterior encode(const at::Tensor& audio) const {
    return models::posterior(models::encode_moments(encoder, audio.unsqueeze(0)));
  }
  at::Tensor round_trip(const at::Tensor& audio) const {
    return models::decode(decoder, encode(audio).mean)[0];
  }
};

struct Sketch {
  models::OobleckConfig config = models::parse_oobleck_config(sketch_vae_config(), "sketch");
  at::Tensor audio = render_clip(kHeldOutSongs, {.seconds = 2.0}).mix.narrow(1, 0, 48 * 1920);
};

TEST(VaeStart, BeginsAsACodeThatAlreadySounds) {
  const at::NoGradGuard no_grad;
  const Sketch sketch;
  auto parameters = VaeRecipe().initial(1);
  const auto made = Coder(parameters, sketch.config).round_trip(sketch.audio);
  EXPECT_GT(si_sdr(made, sketch.audio).mean().item<double>(), -15.0)
      << "a random network has -45 dB; the components of the low end should come through";
}

TEST(VaeStart, LeavesNetworksAloneThatAreTooNarrow) {
  auto json = sketch_vae_config();
  json["encoder_hidden_size"] = 1;
  const auto config = models::parse_oobleck_config(json, "narrow");
  Parameters untouched;
  EXPECT_FALSE(begin_as_linear_code(untouched, config, at::zeros({2, 48000})));
}

TEST(VaeScale, LatentsHaveUnitSpreadAndSoundAsBefore) {
  const at::NoGradGuard no_grad;
  const Sketch sketch;
  auto parameters = VaeRecipe().initial(1);
  const Coder before(parameters, sketch.config);
  auto scaled_weights = with_unit_latents(parameters, sketch.config, sketch.audio);
  Shapes shapes;
  for (const auto& [name, tensor] : scaled_weights) shapes[name] = tensor.sizes().vec();
  Parameters scaled(
      shapes, [&](const std::string& name, at::IntArrayRef) { return scaled_weights.at(name); },
      [](const std::string&) { return true; });
  const Coder after(scaled, sketch.config);
  const auto spread = after.encode(sketch.audio).mean[0].std(1);
  EXPECT_NEAR(spread.min().item<double>(), 1.0, 0.01);
  EXPECT_NEAR(spread.max().item<double>(), 1.0, 0.01);
  const auto a = before.round_trip(sketch.audio);
  const auto b = after.round_trip(sketch.audio);
  EXPECT_LT((a - b).abs().max().item<double>(), 1e-3 * a.abs().max().item<double>());
  // The posterior's deviation grows with the mean.
  const auto noise_of = [&](const Coder& coder) {
    const auto posterior = coder.encode(sketch.audio);
    return posterior.deviation[0].mean(1) / posterior.mean[0].std(1);
  };
  const auto ratio = noise_of(after) / noise_of(before);
  EXPECT_NEAR(ratio.mean().item<double>(), 1.0, 0.1);
}

}  // namespace
}  // namespace headroom::train
