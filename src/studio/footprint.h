// Upper bounds of what a network takes on the device while it runs, beside its weights: the tensors
// that are alive at the worst moment of the forward pass, read off the code of models/ and
// tensor/ops. `headroom-bench footprints` holds every bound against the measured peak at the
// published sizes.
//
// `element` is the size of the computing dtype in bytes (4: fp32, 2: bf16). Bytes everywhere.
// Inputs that the caller put on the device, and results, count.
#pragma once

#include <cstdint>

#include "models/config.h"
#include "models/mel_band_roformer.h"

namespace headroom::studio {

/// One velocity() of `rows` rows of `frames` latent frames: 2 · hidden and either the attention's
/// scores of one query block or the MLP's three tensors, per token.
std::uint64_t dit_footprint(const models::AceStepConfig& config, std::int64_t frames,
                            std::int64_t rows, std::uint64_t element);

/// What prepare_condition() leaves for `length` condition rows: keys and values of every layer.
std::uint64_t condition_bytes(const models::AceStepConfig& config, std::int64_t length,
                              std::uint64_t element);
/// What it takes while it works, with what it leaves.
std::uint64_t prepare_condition_footprint(const models::AceStepConfig& config, std::int64_t length,
                                          std::uint64_t element);

/// encode_text() of `tokens` tokens.
std::uint64_t text_footprint(const models::Qwen3Config& config, std::int64_t tokens,
                             std::uint64_t element);

/// encode_condition() of lyrics and text of so many tokens and a timbre reference of so many
/// frames.
std::uint64_t condition_footprint(const models::AceStepConfig& config, std::int64_t text,
                                  std::int64_t lyrics, std::int64_t timbre, std::uint64_t element);

/// tokenize() and detokenize() of `frames` latent frames, whichever takes more.
std::uint64_t hints_footprint(const models::AceStepConfig& config, std::int64_t frames,
                              std::uint64_t element);

/// encode_moments() of `frames` · hop samples, decode() of `frames` latent frames.
std::uint64_t vae_encode_footprint(const models::OobleckConfig& config, std::int64_t frames,
                                   std::uint64_t element);
std::uint64_t vae_decode_footprint(const models::OobleckConfig& config, std::int64_t frames,
                                   std::uint64_t element);

/// separate_chunk() of config.chunk samples; always fp32.
std::uint64_t separator_footprint(const models::RoformerConfig& config);

}  // namespace headroom::studio
