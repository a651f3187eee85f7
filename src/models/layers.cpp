#include "models/layers.h"

namespace headroom::models {

at::Tensor Linear::operator()(const at::Tensor& x) const {
  if (weight.scalar_type() == x.scalar_type()) return at::linear(x, weight, bias);
  return at::linear(x, weight.to(x.scalar_type()),
                    bias.defined() ? bias.to(x.scalar_type()) : bias);
}

Linear bind_linear(const Weights& weights, std::int64_t in, std::int64_t out, bool bias) {
  return {weights("weight", {out, in}), bias ? weights("bias", {out}) : at::Tensor()};
}

Attention bind_attention(const Weights& weights, const TransformerSize& size, double eps) {
  const auto queries = size.heads * size.head_dim;
  const auto keys = size.kv_heads * size.head_dim;
  return {.q = bind_linear(weights / "q_proj", size.hidden, queries, false),
          .k = bind_linear(weights / "k_proj", size.hidden, keys, false),
          .v = bind_linear(weights / "v_proj", size.hidden, keys, false),
          .out = bind_linear(weights / "o_proj", queries, size.hidden, false),
          .q_norm = weights("q_norm.weight", {size.head_dim}),
          .k_norm = weights("k_norm.weight", {size.head_dim}),
          .size = size,
          .eps = eps};
}

namespace {

// [B, S, heads·d] → [B, S, heads, d]
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads});
}

}  // namespace

KeyValue project_key_value(const Attention& attention, const at::Tensor& memory,
                           const RopeTable* rope) {
  auto k = rms_norm(split_heads(attention.k(memory), attention.size.kv_heads), attention.k_norm,
                    attention.eps);
  if (rope != nullptr) k = rope_half_split(k, *rope);
  const auto v = split_heads(attention.v(memory), attention.size.kv_heads);
  return {k.transpose(1, 2).contiguous(), v.transpose(1, 2).contiguous()};
}

at::Tensor attend(const Attention& attention, const at::Tensor& x, const KeyValue& memory,
                  const RopeTable* rope, const AttentionMask& mask) {
  auto q =
      rms_norm(split_heads(attention.q(x), attention.size.heads), attention.q_norm, attention.eps);
  if (rope != nullptr) q = rope_half_split(q, *rope);
  return attention.out(
      headroom::attention(q.transpose(1, 2).contiguous(), memory.k, memory.v, mask));
}

at::Tensor self_attend(const Attention& attention, const at::Tensor& x, const RopeTable& rope,
                       const AttentionMask& mask) {
  return attend(attention, x, project_key_value(attention, x, &rope), &rope, mask);
}

at::Tensor Mlp::operator()(const at::Tensor& x) const {
  return down(at::silu(gate(x)).mul_(up(x)));
}

Mlp bind_mlp(const Weights& weights, std::int64_t hidden, std::int64_t intermediate) {
  return {bind_linear(weights / "gate_proj", hidden, intermediate, false),
          bind_linear(weights / "up_proj", hidden, intermediate, false),
          bind_linear(weights / "down_proj", intermediate, hidden, false)};
}

EncoderLayer bind_encoder_layer(const Weights& weights, const TransformerSize& size, double eps) {
  return {.input_norm = weights("input_layernorm.weight", {size.hidden}),
          .post_norm = weights("post_attention_layernorm.weight", {size.hidden}),
          .attention = bind_attention(weights / "self_attn", size, eps),
          .mlp = bind_mlp(weights / "mlp", size.hidden, size.intermediate),
          .eps = eps};
}

at::Tensor encoder_layer(const EncoderLayer& layer, const at::Tensor& x, const RopeTable& rope,
                         const AttentionMask& mask) {
  const auto mixed =
      x + self_attend(layer.attention, rms_norm(x, layer.input_norm, layer.eps), rope, mask);
  return mixed + layer.mlp(rms_norm(mixed, layer.post_norm, layer.eps));
}

Encoder bind_encoder(const Weights& weights, const AceStepConfig& config, std::int64_t layers) {
  Encoder encoder{.layers = {},
                  .norm = weights("norm.weight", {config.encoder.hidden}),
                  .slides = config.slides,
                  .window = config.window,
                  .size = config.encoder,
                  .rope_theta = config.rope_theta,
                  .eps = config.norm_eps};
  for (std::int64_t i = 0; i < layers; ++i) {
    encoder.layers.push_back(
        bind_encoder_layer(weights / "layers" / i, config.encoder, config.norm_eps));
  }
  return encoder;
}

at::Tensor encode(const Encoder& encoder, at::Tensor x, const at::Tensor& keys) {
  const auto rope = rope_table(x.size(1), encoder.size.head_dim, encoder.rope_theta, x.options());
  for (size_t i = 0; i < encoder.layers.size(); ++i) {
    AttentionMask mask;
    if (encoder.slides[i]) mask.window = encoder.window;
    mask.keys = keys;
    x = encoder_layer(encoder.layers[i], x, rope, mask);
  }
  return rms_norm(x, encoder.norm, encoder.eps);
}

}  // namespace headroom::models
