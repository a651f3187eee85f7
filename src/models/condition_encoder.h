// Packs prompt, lyrics and timbre reference into the condition that the diffusion transformer
// attends to. Source: specification "ACE-Step v1.5", section 6 (`encoder.*` of the checkpoint).
#pragma once

#include <ATen/ATen.h>

#include "models/layers.h"

namespace headroom::models {

struct ConditionEncoder {
  Linear text_projector;  // no bias
  Linear lyric_embed;
  Encoder lyrics;
  Linear timbre_embed;
  at::Tensor timbre_token;  // [1, 1, H]; XL only, undefined in 2B models
  Encoder timbre;
};

ConditionEncoder bind_condition_encoder(const Weights& weights, const AceStepConfig& config);

/// A condition and which of its rows are real: states [B, L, H], mask [B, L] int64.
struct Condition {
  at::Tensor states;
  at::Tensor mask;
};

/// One request, no padding: text [1, Lt, text width], lyrics [1, Ll, text width], timbre reference
/// [1, Tr, C]. Returns [1, Ll + 1 + Lt, H] in the order lyrics, timbre, text.
at::Tensor encode_condition(const ConditionEncoder& encoder, const at::Tensor& text,
                            const at::Tensor& lyrics, const at::Tensor& timbre);

/// Inputs of several padded requests at once.
struct ConditionBatch {
  at::Tensor text, text_mask;      // [B, Lt, text width], [B, Lt]
  at::Tensor lyrics, lyrics_mask;  // [B, Ll, text width], [B, Ll]
  at::Tensor timbre;               // [N, Tr, C]
  at::Tensor timbre_row;           // [N] int64: which row of the batch each reference belongs to
};
/// Valid rows are moved to the front in order lyrics, timbre, text; rows behind the mask hold what
/// the reference computes there.
Condition encode_conditions(const ConditionEncoder& encoder, const ConditionBatch& batch);

}  // namespace headroom::models
