#include "models/dit.h"

#include <cmath>

namespace headroom::models {
namespace {

constexpr std::int64_t kSinusoidWidth = 256;
constexpr double kLongestPeriod = 10000.0;

TimeEmbedding bind_time(const Weights& weights, std::int64_t hidden) {
  return {bind_linear(weights / "linear_1", kSinusoidWidth, hidden, true),
          bind_linear(weights / "linear_2", hidden, hidden, true),
          bind_linear(weights / "time_proj", hidden, 6 * hidden, true)};
}

DitLayer bind_layer(const Weights& weights, const AceStepConfig& config) {
  const auto hidden = config.decoder.hidden;
  return {
      .scale_shift = weights.as(at::kFloat, "scale_shift_table", {1, 6, hidden}),
      .self_norm = weights("self_attn_norm.weight", {hidden}),
      .cross_norm = weights("cross_attn_norm.weight", {hidden}),
      .mlp_norm = weights("mlp_norm.weight", {hidden}),
      .self_attention = bind_attention(weights / "self_attn", config.decoder, config.norm_eps),
      .cross_attention = bind_attention(weights / "cross_attn", config.decoder, config.norm_eps),
      .mlp = bind_mlp(weights / "mlp", hidden, config.decoder.intermediate)};
}

// Convolution over time with kernel = stride = patch, as the linear map that it is:
// [H, 3C, patch] → [H, patch · 3C].
Linear bind_patch_in(const Weights& weights, const AceStepConfig& config) {
  const auto channels = 3 * config.latent_channels;
  const auto kernel = weights.stored("weight", {config.decoder.hidden, channels, config.patch});
  return {weights.place(
              kernel.transpose(1, 2).reshape({config.decoder.hidden, config.patch * channels})),
          weights("bias", {config.decoder.hidden})};
}

// Transposed convolution, likewise: [H, C, patch] → [patch · C, H]; every tap has the same bias.
Linear bind_patch_out(const Weights& weights, const AceStepConfig& config) {
  const auto kernel =
      weights.stored("weight", {config.decoder.hidden, config.latent_channels, config.patch});
  return {weights.place(kernel.permute({2, 1, 0}).reshape(
              {config.patch * config.latent_channels, config.decoder.hidden})),
          weights.place(weights.stored("bias", {config.latent_channels}).repeat({config.patch}))};
}

// Where in the network a row stands in time: `output` [B, H] for the last modulation, `layers`
// [B, 6, H] for every layer's. fp32 from here on: cheap, and closer to the reference's fp32.
struct Moment {
  at::Tensor output;
  at::Tensor layers;
};

Moment embed_time(const TimeEmbedding& embedding, const at::Tensor& tau) {
  const auto sinusoid = time_sinusoid(tau).to(embedding.linear_1.weight.scalar_type());
  const auto embedded = embedding.linear_2(at::silu(embedding.linear_1(sinusoid)));
  const auto modulations = embedding.project(at::silu(embedded));
  return {embedded.to(at::kFloat), modulations.view({tau.size(0), 6, -1}).to(at::kFloat)};
}

// norm(h) ⊙ (1 + scale) + shift, in the dtype of h.
at::Tensor modulated_norm(const at::Tensor& h, const at::Tensor& norm, double eps,
                          const at::Tensor& shift, const at::Tensor& scale) {
  return (rms_norm(h, norm, eps) * (scale + 1.0) + shift).to(h.scalar_type());
}

at::Tensor gated(const at::Tensor& h, const at::Tensor& branch, const at::Tensor& gate) {
  return (h + branch * gate).to(h.scalar_type());
}

at::Tensor run_layer(const DitLayer& layer, const AceStepConfig& config, at::Tensor h,
                     const at::Tensor& moment, const RopeTable& rope, const AttentionMask& mask,
                     const KeyValue& condition) {
  const auto modulation = (layer.scale_shift + moment).chunk(6, 1);  // each [B, 1, H]
  const double eps = config.norm_eps;
  auto n = modulated_norm(h, layer.self_norm, eps, modulation[0], modulation[1]);
  h = gated(h, self_attend(layer.self_attention, n, rope, mask), modulation[2]);
  h = h + attend(layer.cross_attention, rms_norm(h, layer.cross_norm, eps), condition, nullptr, {});
  n = modulated_norm(h, layer.mlp_norm, eps, modulation[3], modulation[4]);
  return gated(h, layer.mlp(n), modulation[5]);
}

}  // namespace

at::Tensor time_sinusoid(const at::Tensor& tau) {
  constexpr std::int64_t half = kSinusoidWidth / 2;
  const auto wide = tau.options().dtype(at::kFloat);
  const auto rates = at::arange(half, wide).mul_(-std::log(kLongestPeriod) / half).exp_();
  const auto angles = at::outer(tau.to(at::kFloat) * 1000.0, rates);
  return at::cat({angles.cos(), angles.sin()}, 1);
}

Dit bind_dit(const Weights& weights, const AceStepConfig& config) {
  const auto decoder = weights / "decoder";
  const auto hidden = config.decoder.hidden;
  Dit dit{.config = config,
          .patch_in = bind_patch_in(decoder / "proj_in" / 1, config),
          .condition_embedder =
              bind_linear(decoder / "condition_embedder", config.encoder.hidden, hidden, true),
          .time = bind_time(decoder / "time_embed", hidden),
          .time_r = bind_time(decoder / "time_embed_r", hidden),
          .layers = {},
          .norm_out = decoder("norm_out.weight", {hidden}),
          .scale_shift = decoder.as(at::kFloat, "scale_shift_table", {1, 2, hidden}),
          .patch_out = bind_patch_out(decoder / "proj_out" / 1, config)};
  for (std::int64_t i = 0; i < config.decoder_layers; ++i) {
    dit.layers.push_back(bind_layer(decoder / "layers" / i, config));
  }
  return dit;
}

DitCondition prepare_condition(const Dit& dit, const at::Tensor& states) {
  const auto embedded =
      dit.condition_embedder(states.to(dit.condition_embedder.weight.scalar_type()));
  DitCondition condition;
  for (const auto& layer : dit.layers) {
    condition.layers.push_back(project_key_value(layer.cross_attention, embedded, nullptr));
  }
  return condition;
}

at::Tensor velocity(const Dit& dit, const at::Tensor& x_t, const at::Tensor& context,
                    const at::Tensor& t, const DitCondition& condition, const at::Tensor& r) {
  const auto& config = dit.config;
  const auto batch = x_t.size(0);
  const auto frames = x_t.size(1);
  const auto tokens = (frames + config.patch - 1) / config.patch;

  // Context first, then the noisy latent; a last incomplete patch is filled with zeros.
  auto z = at::cat({context, x_t}, 2).to(dit.patch_in.weight.scalar_type());
  z = at::constant_pad_nd(z, {0, 0, 0, tokens * config.patch - frames});
  auto h = dit.patch_in(z.view({batch, tokens, config.patch * z.size(2)}));

  const auto moment_t = embed_time(dit.time, t);
  const auto moment_r = embed_time(dit.time_r, r.defined() ? t - r : at::zeros_like(t));
  const auto moment = moment_t.layers + moment_r.layers;

  const auto rope = rope_table(tokens, config.decoder.head_dim, config.rope_theta, h.options());
  for (size_t i = 0; i < dit.layers.size(); ++i) {
    AttentionMask mask;
    if (config.slides[i]) mask.window = config.window;
    h = run_layer(dit.layers[i], config, std::move(h), moment, rope, mask, condition.layers[i]);
  }

  const auto last =
      (dit.scale_shift + (moment_t.output + moment_r.output).unsqueeze(1)).chunk(2, 1);
  h = modulated_norm(h, dit.norm_out, config.norm_eps, last[0], last[1]);
  return dit.patch_out(h)
      .view({batch, tokens * config.patch, config.latent_channels})
      .narrow(1, 0, frames);
}

}  // namespace headroom::models
