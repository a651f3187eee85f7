// The building blocks that the transformers of ACE-Step and Qwen3 share.
//
// A block is a struct of weights, bound once, and free functions over it. All functions are pure
// and thread-safe; activations are [B, S, width] in the dtype of the weights. Source: shared
// specification "ACE-Step v1.5", section 4; Qwen3 uses the same blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <ATen/ATen.h>

#include "models/config.h"
#include "tensor/ops.h"
#include "tensor/weights.h"

namespace headroom::models {

/// y = x·Wᵀ + b with W [out, in]; bias undefined where the network has none. Weights that are kept
/// narrower than x are widened for the product, to the same result.
struct Linear {
  at::Tensor weight;
  at::Tensor bias;

  at::Tensor operator()(const at::Tensor& x) const;
};
Linear bind_linear(const Weights& weights, std::int64_t in, std::int64_t out, bool bias);

/// Grouped-query attention with RMS-normalised queries and keys.
struct Attention {
  Linear q, k, v, out;
  at::Tensor q_norm, k_norm;  // [head_dim]
  TransformerSize size;
  double eps = 1e-6;
};
/// Queries, keys and values all come from streams of width size.hidden.
Attention bind_attention(const Weights& weights, const TransformerSize& size, double eps);

/// Keys and values ready to be attended: each [B, kv_heads, L, head_dim]. Of a cross-attention they
/// depend on the condition alone, so they are computed once and reused over steps and ticks.
struct KeyValue {
  at::Tensor k;
  at::Tensor v;
};
KeyValue project_key_value(const Attention& attention, const at::Tensor& memory,
                           const RopeTable* rope);

/// Queries of x against `memory`; returns the output projection [B, S, hidden].
at::Tensor attend(const Attention& attention, const at::Tensor& x, const KeyValue& memory,
                  const RopeTable* rope, const AttentionMask& mask);
at::Tensor self_attend(const Attention& attention, const at::Tensor& x, const RopeTable& rope,
                       const AttentionMask& mask);

/// down( silu(gate(x)) ⊙ up(x) ).
struct Mlp {
  Linear gate, up, down;

  at::Tensor operator()(const at::Tensor& x) const;
};
Mlp bind_mlp(const Weights& weights, std::int64_t hidden, std::int64_t intermediate);

/// Pre-norm transformer layer: x + SelfAttention(norm(x)), then x + MLP(norm(x)).
struct EncoderLayer {
  at::Tensor input_norm, post_norm;
  Attention attention;
  Mlp mlp;
  double eps = 1e-6;
};
EncoderLayer bind_encoder_layer(const Weights& weights, const TransformerSize& size, double eps);
at::Tensor encoder_layer(const EncoderLayer& layer, const at::Tensor& x, const RopeTable& rope,
                         const AttentionMask& mask);

/// A stack of encoder layers with its closing norm; layer i has the window iff slides[i].
struct Encoder {
  std::vector<EncoderLayer> layers;
  at::Tensor norm;
  std::vector<bool> slides;
  std::int64_t window = 0;
  TransformerSize size;
  double rope_theta = 1e6;
  double eps = 1e-6;
};
Encoder bind_encoder(const Weights& weights, const AceStepConfig& config, std::int64_t layers);
/// `keys` is [B, S], true where a position is real; undefined when all are.
at::Tensor encode(const Encoder& encoder, at::Tensor x, const at::Tensor& keys = {});

}  // namespace headroom::models
