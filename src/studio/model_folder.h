// Where the parts of a model lie on disk, and loading each of them.
//
// A folder as the published repositories make it:
//   acestep-v15-turbo/      config.json, model.safetensors (or shards with an index),
//   silence_latent.pt vae/                    config.json, diffusion_pytorch_model.safetensors
//   Qwen3-Embedding-0.6B/   config.json, model.safetensors, tokenizer.json
//   MelBandRoFormer/        one .safetensors, optionally config.json
// Each part is needed only by the commands that use it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <ATen/ATen.h>

#include "models/bpe_tokenizer.h"
#include "models/condition_encoder.h"
#include "models/dit.h"
#include "models/mel_band_roformer.h"
#include "models/oobleck.h"
#include "models/semantic_tokenizer.h"
#include "models/text_encoder.h"
#include "tensor/checkpoint.h"

namespace headroom::studio {

/// Finds the parts and loads them on demand; weights are mapped, so a load costs the conversion to
/// the computing dtype (fp32 on the CPU) and nothing more. Immutable; loads may run on any thread.
/// Everything that is wrong with a model is Error(checkpoint) naming file and reason.
class ModelFolder {
 public:
  /// `path` is the folder above; or the DiT folder itself, with the others beside it; or, for
  /// separation alone, a .safetensors file. Of several DiT folders `variant` names one, e.g.
  /// "acestep-v15-base"; without it there must be exactly one.
  static ModelFolder open(const std::filesystem::path& path, const std::string& variant = "");

  models::AceStepConfig dit_config() const;
  models::OobleckConfig vae_config() const;

  models::Dit load_dit() const;
  models::ConditionEncoder load_condition_encoder() const;
  models::SemanticTokenizer load_semantic_tokenizer() const;
  models::SemanticDetokenizer load_semantic_detokenizer() const;
  models::OobleckEncoder load_vae_encoder() const;
  models::OobleckDecoder load_vae_decoder() const;
  models::TextEncoder load_text_encoder() const;
  BpeTokenizer load_text_tokenizer() const;
  models::Roformer load_separator() const;

  /// Latents of silence, [1, frames, C] fp32; far from zero.
  at::Tensor load_silence() const;
  /// The embedding that stands for "no condition", [1, 1, encoder width].
  at::Tensor load_null_condition() const;

 private:
  std::filesystem::path require(const std::filesystem::path& part, std::string_view what) const;

  std::filesystem::path root_;
  std::filesystem::path dit_;
  std::filesystem::path vae_;
  std::filesystem::path text_;
  std::filesystem::path separator_;
};

}  // namespace headroom::studio
