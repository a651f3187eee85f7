// How much arithmetic a network's run is, from its configuration. One multiply-add is two
// operations; norms, activations and softmax are left out, as they are in published counts.
#pragma once

#include <cstdint>

#include "models/config.h"
#include "models/mel_band_roformer.h"

namespace headroom::bench {

/// One velocity() of one row: `tokens` positions against `condition` cached rows.
double dit_flop(const models::AceStepConfig& config, std::int64_t tokens, std::int64_t condition);

/// One encode_condition().
double condition_flop(const models::AceStepConfig& config, std::int64_t text, std::int64_t lyrics,
                      std::int64_t timbre);

/// tokenize() and detokenize() of `frames` latent frames.
double tokenize_flop(const models::AceStepConfig& config, std::int64_t frames);
double detokenize_flop(const models::AceStepConfig& config, std::int64_t frames);

/// encode_text() of `tokens` ids.
double text_flop(const models::Qwen3Config& config, std::int64_t tokens);

/// encode_moments() of `samples` audio samples, decode() of `frames` latent frames.
double vae_encode_flop(const models::OobleckConfig& config, std::int64_t samples);
double vae_decode_flop(const models::OobleckConfig& config, std::int64_t frames);

/// separate_chunk() of `samples`.
double roformer_flop(const models::RoformerConfig& config, std::int64_t samples);

/// Queries times keys that attention over `length` positions has to meet, with |i − j| ≤ window;
/// a negative window means all of them.
double attention_pairs(std::int64_t length, std::int64_t window);

}  // namespace headroom::bench
