// Where the VAE's training begins, and what leaves it.
#include "train/recipes/vae.h"

#include <cmath>

#include <gtest/gtest.h>

#include "models/oobleck.h"
#include "train/learn/losses.h"
#include "train/learn/optimizer.h"
#include "train/recipes/clips.h"
#include "train/recipes/envelopes.h"
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
  EXPECT_GT(si_sdr(made, sketch.audio).mean().item<double>(), -3.0)
      << "a random network has -45 dB, and this song, which is hard, about 0 dB at its best";
}

TEST(VaeStart, LeavesNetworksAloneThatAreTooNarrow) {
  auto json = sketch_vae_config();
  json["encoder_hidden_size"] = 1;
  const auto config = models::parse_oobleck_config(json, "narrow");
  Parameters untouched;
  EXPECT_FALSE(begin_as_linear_code(untouched, config, at::zeros({2, 48000})));
}

TEST(Envelopes, TellWhenAndInWhichBandAStrokeComes) {
  // A click in the last third of frame 5 and a tone of 3 kHz from frame 10 on.
  auto audio = at::zeros({1, 2, 20 * 1920});
  audio.narrow(2, 5 * 1920 + 1600, 8).fill_(0.5);
  const auto time = at::arange(10 * 1920) / 48000.0;
  audio.narrow(2, 10 * 1920, 10 * 1920).copy_((time * (2.0 * M_PI * 3000.0)).sin() * 0.1);
  const auto told = envelopes_of(audio, 48000, 1920)[0];
  ASSERT_EQ(told.sizes(), at::IntArrayRef({kEnvelopeChannels, 20}));
  const auto level = [&](int band, int frame) { return told[band][frame].item<double>(); };
  const auto slope = [&](int frame) { return told[kEnvelopeBands][frame].item<double>(); };
  for (int band = 0; band < kEnvelopeBands; ++band)
    EXPECT_GT(level(band, 5), level(band, 4) + 0.5) << "band " << band << " misses the click";
  EXPECT_LT(slope(5), -1.0) << "the click is late in its frame: the slope falls below 0";
  EXPECT_GT(level(1, 15), level(3, 15) + 1.0) << "3 kHz lie in the second band";
  EXPECT_NEAR(slope(15), 0.0, 0.05) << "a steady tone has no slope";
}

TEST(Envelopes, TheEncoderBeginsWithThemAndNoStepTakesThemAway) {
  const Sketch sketch;
  VaeRecipe recipe;
  auto parameters = recipe.initial(1);
  const auto heard = [&] {
    const at::NoGradGuard no_grad;
    return Coder(parameters, sketch.config)
        .encode(sketch.audio)
        .mean[0]
        .narrow(0, kComponents, kEnvelopeChannels)
        .clone();
  };
  const auto before = heard();
  const auto wanted = envelopes_of(sketch.audio.unsqueeze(0), 48000, 1920)[0];
  const auto error = (before - wanted).square().mean().item<double>();
  EXPECT_LT(error, 0.6 * wanted.var(1).mean().item<double>());
  Optimizer optimizer(parameters, recipe.optimizer());
  (void)recipe.learn(parameters, 0, 1);
  EXPECT_GT(optimizer.step(1e-3), 0.0);
  EXPECT_LT((heard() - before).abs().max().item<double>(), 0.01)
      << "one step of the optimiser moved a weight that envelope_path() should list";
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
