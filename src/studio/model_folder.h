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
#include <functional>
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

/// How parameters are wanted: the computing dtype, and what puts them where (nothing: views on the
/// mapped files where no conversion is needed).
struct LoadAs {
  at::ScalarType dtype = at::kFloat;
  Placer* placer = nullptr;
  /// What a stored parameter becomes before it is placed (a LoRA is merged into it); empty: itself.
  std::function<at::Tensor(const std::string& name, const at::Tensor& stored)> adapt{};
};

/// What of a model is used.
enum class ModelParts { all, vae, separator };

/// The configurations of all networks: what sizes and bounds follow from.
struct ModelConfigs {
  models::AceStepConfig dit;
  models::OobleckConfig vae;
  models::Qwen3Config text;
  std::optional<models::RoformerConfig> separator;
  at::ScalarType separator_stored = at::kHalf;
};

/// Finds the parts and loads them on demand; weights are mapped, so a load costs the conversion to
/// the computing dtype (fp32 on the CPU) and nothing more. Immutable; loads may run on any thread.
/// Everything that is wrong with a model is Error(checkpoint) naming file and reason.
class ModelFolder {
 public:
  /// `path` is the folder above; or the DiT folder itself, with the others beside it; or, for
  /// separation alone, a .safetensors file. Of several DiT folders `variant` names one, e.g.
  /// "acestep-v15-base"; without it there must be exactly one.
  static ModelFolder open(const std::filesystem::path& path, const std::string& variant = "");

  /// The diffusion transformer's folder by name: "acestep-v15-turbo".
  std::string name() const { return dit_.filename().string(); }
  /// The shift of the schedule that the model was made for, as the published names have it: 1 of
  /// "acestep-v15-turbo-shift1", 3 where a name says nothing.
  double shift() const;
  /// What latents depend on, as one short text: name, size, beginning and end of every file of
  /// transformer and VAE.
  std::string identity() const;

  models::AceStepConfig dit_config() const;
  models::OobleckConfig vae_config() const;
  models::Qwen3Config text_config() const;
  /// All of them, the separator's only where there is one; or those of a part, the others being
  /// their types' defaults.
  ModelConfigs configs(ModelParts parts = ModelParts::all) const;
  /// The separator's mapped file and what its tensors say of it.
  struct SeparatorFile {
    Checkpoint checkpoint;
    models::RoformerConfig config;
    std::uint64_t bytes() const;
  };
  SeparatorFile open_separator() const;

  models::Dit load_dit(const LoadAs& as = {}) const;
  /// The diffusion transformer's mapped file.
  Checkpoint open_dit() const;
  models::ConditionEncoder load_condition_encoder(const LoadAs& as = {}) const;
  models::SemanticTokenizer load_semantic_tokenizer(const LoadAs& as = {}) const;
  models::SemanticDetokenizer load_semantic_detokenizer(const LoadAs& as = {}) const;
  models::OobleckEncoder load_vae_encoder(const LoadAs& as = {}) const;
  models::OobleckDecoder load_vae_decoder(const LoadAs& as = {}) const;
  models::TextEncoder load_text_encoder(const LoadAs& as = {}) const;
  BpeTokenizer load_text_tokenizer() const;
  models::Roformer load_separator(const LoadAs& as = {}) const;

  /// Latents of silence, [1, frames, C] fp32; far from zero.
  at::Tensor load_silence() const;
  /// The embedding that stands for "no condition", [1, 1, encoder width].
  at::Tensor load_null_condition() const;

 private:
  void require_that_they_fit(const ModelConfigs& configs) const;
  std::filesystem::path require(const std::filesystem::path& part, std::string_view what) const;

  std::filesystem::path root_;
  std::filesystem::path dit_;
  std::filesystem::path vae_;
  std::filesystem::path text_;
  std::filesystem::path separator_;
};

}  // namespace headroom::studio
