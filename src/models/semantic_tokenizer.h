// Semantic tokens: five latent frames become one of 64 000 codes, and codes become "hints", the
// context of a cover. Source: specification "ACE-Step v1.5", section 7 (`tokenizer.*`,
// `detokenizer.*`). Tokens are independent of each other, so any chunking on whole tokens is exact.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

#include "models/layers.h"

namespace headroom::models {

/// Finite scalar quantizer with one level per dimension; always fp32, because a code that flips by
/// rounding is another token.
struct Fsq {
  Linear project_in;   // H → dimensions, fp32
  Linear project_out;  // dimensions → H, fp32
  std::vector<std::int64_t> levels;
};

struct SemanticTokenizer {
  Linear acoustic_proj;
  Linear embed;
  at::Tensor special_token;  // [1, 1, H]
  Encoder pooler;
  Fsq quantizer;
  std::int64_t pool_window = 5;
};

struct SemanticDetokenizer {
  Linear embed;
  at::Tensor special_tokens;  // [1, pool_window, H]
  Encoder encoder;
  Linear proj_out;
  std::int64_t pool_window = 5;
};

SemanticTokenizer bind_semantic_tokenizer(const Weights& weights, const AceStepConfig& config);
SemanticDetokenizer bind_semantic_detokenizer(const Weights& weights, const AceStepConfig& config);

struct SemanticTokens {
  at::Tensor indices;    // [B, N] int64, each 0 … product of levels − 1
  at::Tensor quantized;  // [B, N, H]
};

/// One vector per token before quantization: [B, N, H] from latents [B, T, C], T a multiple of
/// pool_window and N = T / pool_window.
at::Tensor pool_frames(const SemanticTokenizer& tokenizer, const at::Tensor& latents);

/// The nearest codes of pooled vectors [B, N, H].
SemanticTokens quantize(const Fsq& quantizer, const at::Tensor& pooled);

/// latents [B, T, C] → tokens: pool_frames(), then quantize().
SemanticTokens tokenize(const SemanticTokenizer& tokenizer, const at::Tensor& latents);

/// latents [B, T, C] with the first frames of `silence` [1, ≥ pool_window − 1, C] behind them, so
/// that T becomes a multiple of pool_window; hints made of it are to be cut back to T.
at::Tensor pad_to_tokens(const at::Tensor& latents, const at::Tensor& silence,
                         std::int64_t pool_window);

/// Codes [B, N] int64 → the token embeddings [B, N, H] that tokenize() returns as `quantized`.
at::Tensor look_up(const Fsq& quantizer, const at::Tensor& indices);

/// tokens [B, N, H] → hints [B, N · pool_window, C].
at::Tensor detokenize(const SemanticDetokenizer& detokenizer, const at::Tensor& tokens);

}  // namespace headroom::models
