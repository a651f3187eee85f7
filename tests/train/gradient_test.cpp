// The networks of models/ under autograd: the slope along the gradient is the gradient's length.
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "models/condition_encoder.h"
#include "models/dit.h"
#include "models/mel_band_roformer.h"
#include "models/oobleck.h"
#include "models/semantic_tokenizer.h"
#include "models/text_encoder.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"
#include "tensor/ops.h"
#include "train/learn/parameters.h"
#include "train/recipes/dit.h"
#include "train/recipes/separator.h"

namespace headroom::train {
namespace {

using Loss = std::function<at::Tensor(const Weights&)>;

at::Tensor noise(std::uint64_t seed, at::IntArrayRef shape) {
  return diffusion::NoiseGenerator(seed).normal(shape);
}

Parameters parameters_for(const Shapes& shapes) {
  studio::RandomWeights random(11);
  return Parameters(
      shapes,
      [&](const std::string& name, at::IntArrayRef shape) { return random.get(name, shape); },
      [](const std::string& name) { return name.ends_with("rotary_embed.freqs"); });
}

void move(const Parameters& parameters, const std::map<std::string, at::Tensor>& way, double by) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, direction] : way)
    at::Tensor(parameters.all().at(name)).add_(direction, by);
}

// Central difference along the gradient, against its length. Every tensor must take part.
void check_gradient(const Shapes& shapes, const Loss& loss) {
  auto parameters = parameters_for(shapes);
  const Weights weights(parameters);
  loss(weights).backward();
  double square = 0.0;
  std::map<std::string, at::Tensor> way;
  for (const auto& [name, tensor] : parameters.all()) {
    if (!tensor.requires_grad()) continue;
    ASSERT_TRUE(tensor.grad().defined()) << name;
    way[name] = tensor.grad().clone();
    square += way[name].square().sum().item<double>();
  }
  const double length = std::sqrt(square);
  ASSERT_GT(length, 1e-4);
  const double value = loss(weights).item<double>();
  const double step = std::min(0.02 * value / square, 0.01 / length);
  move(parameters, way, step);
  const double above = loss(weights).item<double>();
  move(parameters, way, -2.0 * step);
  const double below = loss(weights).item<double>();
  EXPECT_NEAR((above - below) / (2.0 * step), square, 0.05 * square);
}

TEST(Gradient, OfSnake) {
  const auto x = noise(1, {2, 3, 50}) * 4.0;
  auto inputs = x.clone().set_requires_grad(true);
  auto a = (noise(2, {3, 16}).narrow(1, 0, 1).exp()).clone().set_requires_grad(true);
  auto b = (noise(3, {3, 16}).narrow(1, 0, 1).exp()).clone().set_requires_grad(true);
  const auto fused = snake(inputs, a, b);
  const auto plain = inputs + (inputs * a).sin().square() * b;
  EXPECT_LT((fused - plain).abs().max().item<double>(), 1e-5);
  const auto weight = noise(4, {2, 3, 50});
  (plain * weight).sum().backward();
  const std::vector<at::Tensor> wanted{inputs.grad().clone(), a.grad().clone(), b.grad().clone()};
  for (auto* leaf : {&inputs, &a, &b}) leaf->mutable_grad() = at::Tensor();
  (fused * weight).sum().backward();
  EXPECT_LT((inputs.grad() - wanted[0]).abs().max().item<double>(), 1e-4);
  EXPECT_LT((a.grad() - wanted[1]).abs().max().item<double>(), 2e-3);
  EXPECT_LT((b.grad() - wanted[2]).abs().max().item<double>(), 1e-4);
  const at::NoGradGuard no_grad;
  EXPECT_LT((snake(x, a, b) - plain).abs().max().item<double>(), 1e-5);
}

TEST(Gradient, OfTheVae) {
  const auto config =
      models::parse_oobleck_config(studio::vae_config_json(studio::ModelSize::tiny), "tiny");
  const auto audio = noise(1, {1, 2, 4 * 1920}) * 0.1;
  const auto shapes = shapes_of([&](const Weights& weights) {
    (void)models::bind_oobleck_encoder(weights, config);
    (void)models::bind_oobleck_decoder(weights, config);
  });
  check_gradient(shapes, [&](const Weights& weights) {
    const auto encoder = models::bind_oobleck_encoder(weights, config);
    const auto posterior = models::posterior(models::encode_moments(encoder, audio));
    const auto latents = posterior.mean + posterior.deviation;
    const auto made = models::decode(models::bind_oobleck_decoder(weights, config), latents);
    return (made - audio).square().mean();
  });
}

TEST(Gradient, OfTheSeparator) {
  auto json = sketch_separator_config();
  json.update({{"dim", 16},
               {"depth", 1},
               {"heads", 2},
               {"dim_head", 8},
               {"ff_width", 16},
               {"mask_width", 8}});
  const auto config = roformer_config_of(json);
  const auto audio = noise(1, {2, 882 * 6}) * 0.1;
  const auto shapes =
      shapes_of([&](const Weights& weights) { (void)models::bind_roformer(weights, config); });
  check_gradient(shapes, [&](const Weights& weights) {
    const auto made = models::separate_chunk(models::bind_roformer(weights, config), audio)[0];
    return (made - 0.5 * audio).square().mean() * 100.0;
  });
}

TEST(Gradient, OfTheTransformerAndItsConditions) {
  const auto config =
      models::parse_acestep_config(studio::dit_config_json(studio::ModelSize::tiny), "tiny");
  const auto text_config =
      models::parse_qwen3_config(studio::text_config_json(studio::ModelSize::tiny), "tiny");
  auto shapes = shapes_of([&](const Weights& weights) {
    (void)models::bind_dit(weights, config);
    (void)models::bind_condition_encoder(weights, config);
    (void)models::bind_semantic_tokenizer(weights, config);
    (void)models::bind_semantic_detokenizer(weights, config);
  });
  for (const auto& [name, shape] : shapes_of(
           [&](const Weights& weights) { (void)models::bind_text_encoder(weights, text_config); }))
    shapes["text." + name] = shape;
  const auto x = noise(1, {2, 20, 16});
  const auto ids = at::arange(14, at::kLong).view({2, 7});
  check_gradient(shapes, [&](const Weights& weights) {
    const auto tokenizer = models::bind_semantic_tokenizer(weights, config);
    // Without the rounding, whose gradient is a convention.
    const auto pooled = models::pool_frames(tokenizer, x);
    const auto tokens = tokenizer.quantizer.project_out(tokenizer.quantizer.project_in(pooled));
    const auto hints =
        models::detokenize(models::bind_semantic_detokenizer(weights, config), tokens);
    const auto text = models::bind_text_encoder(weights / "text", text_config);
    const auto states = models::encode_condition(models::bind_condition_encoder(weights, config),
                                                 models::encode_text(text, ids),
                                                 models::embed_tokens(text, ids), x);
    const auto dit = models::bind_dit(weights, config);
    const auto made =
        models::velocity(dit, x, at::cat({hints, at::ones_like(hints)}, 2),
                         at::tensor({0.3F, 0.8F}), models::prepare_condition(dit, states));
    return (made - x).square().mean();
  });
}

TEST(Gradient, RoundingGoesThrough) {
  const auto config =
      models::parse_acestep_config(studio::dit_config_json(studio::ModelSize::tiny), "tiny");
  studio::RandomWeights random(3);
  const auto tokenizer = models::bind_semantic_tokenizer(Weights(random), config);
  const auto pooled = noise(5, {1, 40, config.encoder.hidden});
  const auto forward = models::quantize(tokenizer.quantizer, pooled).quantized;
  auto leaf = pooled.clone().set_requires_grad(true);
  const auto through = quantize_through(tokenizer.quantizer, leaf);
  EXPECT_LT((through - forward).abs().max().item<double>(), 1e-5);
  through.square().sum().backward();
  EXPECT_GT(leaf.grad().abs().max().item<double>(), 1e-4);
}

}  // namespace
}  // namespace headroom::train
