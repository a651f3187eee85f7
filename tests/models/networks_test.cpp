// Properties of the networks that no recorded result shows; sizes are tiny, weights random.
#include <gtest/gtest.h>

#include "base/json.h"
#include "diffusion/noise.h"
#include "expect_error.h"
#include "models/dit.h"
#include "models/mel_band_roformer.h"
#include "models/semantic_tokenizer.h"
#include "models/text_encoder.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"

namespace headroom::models {
namespace {

using diffusion::NoiseGenerator;
using studio::ModelSize;

at::Tensor draw(std::uint64_t seed, at::IntArrayRef shape) {
  return NoiseGenerator(seed).normal(shape);
}

AceStepConfig tiny() {
  return parse_acestep_config(studio::dit_config_json(ModelSize::tiny), "tiny");
}

TEST(Dit, RowsOfABatchDoNotMix) {
  studio::RandomWeights weights(1);
  const auto dit = bind_dit(Weights(weights), tiny());
  const auto c = dit.config.latent_channels;
  const auto x = draw(1, {3, 41, c});
  const auto context = draw(2, {3, 41, 2 * c});
  const auto states = draw(3, {3, 12, dit.config.encoder.hidden});
  const auto t = at::tensor({0.9F, 0.5F, 0.1F});
  const auto all = velocity(dit, x, context, t, prepare_condition(dit, states));
  for (std::int64_t b = 0; b < 3; ++b) {
    const auto row = [&](const at::Tensor& y) { return y.narrow(0, b, 1); };
    const auto alone =
        velocity(dit, row(x), row(context), row(t), prepare_condition(dit, row(states)));
    EXPECT_LT((row(all) - alone).abs().max().item<double>(), 1e-4) << "row " << b;
  }
  EXPECT_FALSE(all[0].equal(all[1]));
}

TEST(Dit, OneConditionServesEveryRow) {
  studio::RandomWeights weights(1);
  const auto dit = bind_dit(Weights(weights), tiny());
  const auto c = dit.config.latent_channels;
  const auto x = draw(1, {1, 40, c}).expand({2, 40, c}).contiguous();
  const auto context = draw(2, {1, 40, 2 * c}).expand({2, 40, 2 * c}).contiguous();
  const auto one = prepare_condition(dit, draw(3, {1, 12, dit.config.encoder.hidden}));
  const auto v = velocity(dit, x, context, at::tensor({0.5F, 0.5F}), one);
  EXPECT_LT((v[0] - v[1]).abs().max().item<double>(), 1e-5);
}

TEST(Dit, WithoutAWindowEveryFrameReachesEveryFrame) {
  studio::RandomWeights weights(1);
  auto config = tiny();
  config.slides.assign(config.slides.size(), true);
  config.window = 2;
  const auto dit = bind_dit(Weights(weights), config);
  const auto c = config.latent_channels;
  const auto condition = prepare_condition(dit, draw(3, {1, 4, config.encoder.hidden}));
  const auto context = draw(2, {1, 100, 2 * c});
  auto x = draw(1, {1, 100, c});
  const auto before = velocity(dit, x, context, at::tensor({0.5F}), condition);
  x[0][99] += 1.0;
  const auto after = velocity(dit, x, context, at::tensor({0.5F}), condition);
  // Four layers of ±2 tokens reach 8 tokens, 16 frames.
  EXPECT_TRUE(before.narrow(1, 0, 80).equal(after.narrow(1, 0, 80))) << "the window leaks";
  EXPECT_FALSE(before.narrow(1, 98, 2).equal(after.narrow(1, 98, 2)));
}

TEST(SemanticTokenizer, CodesAreTheirTokens) {
  studio::RandomWeights weights(1);
  const auto tokenizer = bind_semantic_tokenizer(Weights(weights), tiny());
  const auto tokens =
      tokenize(tokenizer, draw(4, {1, 100, tokenizer.acoustic_proj.weight.size(1)}));
  EXPECT_EQ(tokens.indices.sizes(), (at::IntArrayRef{1, 20}));
  EXPECT_GE(tokens.indices.min().item<std::int64_t>(), 0);
  EXPECT_LT(tokens.indices.max().item<std::int64_t>(), 64000);
  EXPECT_LT(
      (look_up(tokenizer.quantizer, tokens.indices) - tokens.quantized).abs().max().item<double>(),
      1e-6);
}

TEST(TextEncoder, SeesNoLaterToken) {
  studio::RandomWeights weights(1);
  const auto encoder = bind_text_encoder(
      Weights(weights), parse_qwen3_config(studio::text_config_json(ModelSize::tiny), "tiny"));
  const auto ids = at::arange(30).unsqueeze(0);
  const auto whole = encode_text(encoder, ids);
  const auto front = encode_text(encoder, ids.narrow(1, 0, 20));
  EXPECT_LT((whole.narrow(1, 0, 20) - front).abs().max().item<double>(), 1e-5);
}

TEST(TextEncoder, RefusesAnIdThatItHasNoRowFor) {
  studio::RandomWeights weights(1);
  const auto encoder = bind_text_encoder(
      Weights(weights), parse_qwen3_config(studio::text_config_json(ModelSize::tiny), "tiny"));
  expect_error(
      [&] {
        (void)embed_tokens(encoder, at::tensor({1, 260}, at::kLong).unsqueeze(0));
      },
      ErrorKind::checkpoint, "260");
  expect_error([&] { (void)embed_tokens(encoder, at::tensor({-1}, at::kLong).unsqueeze(0)); },
               ErrorKind::checkpoint, "-1");
}

TEST(Roformer, OfSilenceIsSilence) {
  studio::RandomWeights weights(1);
  RoformerConfig config;
  config.dim = 16;
  config.depth = 1;
  config.heads = 2;
  config.head_dim = 8;
  config.ff_width = 32;
  config.mask_width = 32;
  const auto roformer = bind_roformer(Weights(weights), config);
  const auto stems = separate_chunk(roformer, at::zeros({2, 44100}));
  ASSERT_EQ(stems.sizes(), (at::IntArrayRef{1, 2, 44100}));
  EXPECT_EQ(stems.abs().max().item<double>(), 0.0)
      << "an all-zero vector must stay zero through the norms";
}

TEST(Networks, GiveEqualBitsFromRunToRun) {
  studio::RandomWeights weights(1);
  const auto dit = bind_dit(Weights(weights), tiny());
  const auto c = dit.config.latent_channels;
  const auto condition = prepare_condition(dit, draw(3, {1, 30, dit.config.encoder.hidden}));
  const auto run = [&] {
    return velocity(dit, draw(1, {1, 301, c}), draw(2, {1, 301, 2 * c}), at::tensor({0.5F}),
                    condition);
  };
  const auto first = run();
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(run().equal(first));
}

}  // namespace
}  // namespace headroom::models
