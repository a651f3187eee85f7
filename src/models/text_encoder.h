// The Qwen3 text encoder (Qwen3-Embedding-0.6B): token ids to hidden states.
// Source: specification "ACE-Step v1.5", section 8.1.
#pragma once

#include <vector>

#include <ATen/ATen.h>

#include "models/layers.h"

namespace headroom::models {

struct TextEncoder {
  Qwen3Config config;
  at::Tensor embeddings;  // [vocabulary, H], in the stored dtype: rows are converted when looked up
  std::vector<EncoderLayer> layers;
  at::Tensor norm;
};

/// Accepts tensor names with and without the leading "model.".
TextEncoder bind_text_encoder(const Weights& weights, const Qwen3Config& config);

/// ids [B, S] int64 → raw embedding rows [B, S, H]: what lyrics use. Throws Error(checkpoint) for
/// an id outside the vocabulary.
at::Tensor embed_tokens(const TextEncoder& encoder, const at::Tensor& ids);

/// ids [B, S] → last hidden states after the final norm [B, S, H], causal, no padding mask: what
/// the text prompt uses.
at::Tensor encode_text(const TextEncoder& encoder, const at::Tensor& ids);

}  // namespace headroom::models
