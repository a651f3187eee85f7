// Configurations of the networks, read from the `config.json` files of published checkpoints.
//
// Every reader checks each field's type and range and throws Error(checkpoint) that names file and
// field. Fields that no network uses are ignored; a value that would change the mathematics in a
// way that is not implemented here (another activation, attention biases) is an error, never
// ignored.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace headroom::models {

/// Sizes of one attention + MLP stack.
struct TransformerSize {
  std::int64_t hidden = 0;
  std::int64_t intermediate = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_dim = 0;
};

/// The diffusion transformer's folder (acestep-v15-*): decoder, condition encoder, semantic
/// tokenizer. 2B models have one size for all; XL models a narrower condition side (`encoder_*`
/// fields).
struct AceStepConfig {
  TransformerSize decoder;
  TransformerSize encoder;
  std::int64_t decoder_layers = 0;
  std::int64_t lyric_layers = 0;
  std::int64_t timbre_layers = 0;
  std::int64_t pooler_layers = 0;
  std::int64_t latent_channels = 0;      // audio_acoustic_hidden_dim, 64
  std::int64_t patch = 2;                // latent frames per token
  std::int64_t pool_window = 5;          // latent frames per semantic token
  std::int64_t text_width = 0;           // text_hidden_dim, 1024
  std::int64_t timbre_width = 0;         // timbre_hidden_dim, 64
  std::int64_t window = 128;             // sliding window, tokens to each side
  std::vector<bool> slides;              // per layer: true where the window applies
  std::vector<std::int64_t> fsq_levels;  // [8,8,8,5,5,5]
  double rope_theta = 1e6;
  double norm_eps = 1e-6;
  bool xl = false;     // encoder_hidden_size is present
  bool turbo = false;  // guidance is distilled in
};

/// AutoencoderOobleck.
struct OobleckConfig {
  std::int64_t audio_channels = 2;
  std::int64_t encoder_hidden = 128;
  std::int64_t decoder_channels = 128;
  std::int64_t latent_channels = 64;
  std::vector<std::int64_t> multiples;  // [1,2,4,8,16]
  std::vector<std::int64_t> ratios;     // [2,4,4,6,10]
  std::int64_t sample_rate = 48000;

  /// Audio samples per latent frame: the product of the ratios, 1920.
  std::int64_t hop() const;
};

/// Qwen3 text encoder.
struct Qwen3Config {
  TransformerSize size;
  std::int64_t layers = 0;
  std::int64_t vocabulary = 0;
  double rope_theta = 1e6;
  double norm_eps = 1e-6;
};

/// `where` names the origin in messages, e.g. the path of the config.json.
AceStepConfig parse_acestep_config(const nlohmann::json& json, const std::string& where);
OobleckConfig parse_oobleck_config(const nlohmann::json& json, const std::string& where);
Qwen3Config parse_qwen3_config(const nlohmann::json& json, const std::string& where);

/// The JSON object in a file of at most 1 MiB; throws Error(checkpoint) with the position of a
/// syntax error.
nlohmann::json load_json(const std::filesystem::path& path);

}  // namespace headroom::models
