#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "models/mel_band_roformer.h"

namespace headroom::models {
namespace {

using nlohmann::json;

// Bounds for hostile files; the largest published model has depth 12, 60 bands, 4 stems.
constexpr std::int64_t kMostParts = 512;

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", where, what));
}

std::int64_t side_integer(const json& side, const char* name, std::int64_t otherwise,
                          std::int64_t most, const std::string& where) {
  if (!side.is_object() || !side.contains(name) || side[name].is_null()) return otherwise;
  if (!side[name].is_number_integer() || side[name] < 1 || side[name] > most) {
    fail(where, fmt::format("field '{}' must be an integer in 1…{}", name, most));
  }
  return side[name].get<std::int64_t>();
}

// How many of scope.0, scope.1, … have the tensor `probe`.
std::int64_t count_parts(const Weights& scope, const std::string& probe) {
  std::int64_t count = 0;
  while (count < kMostParts && (scope / count).has(probe)) ++count;
  return count;
}

std::int64_t rows_of(const Weights& weights, const std::string& name, size_t dimensions,
                     const std::string& where) {
  const auto shape = weights.shape_of(name);
  if (shape.size() != dimensions || shape[0] < 1)
    fail(where, fmt::format("tensor '{}' has an impossible shape", name));
  return shape[0];
}

void read_side(RoformerConfig& config, const json& side, const std::string& where) {
  config.n_fft = side_integer(side, "stft_n_fft", config.n_fft, 1 << 16, where);
  config.hop = side_integer(side, "stft_hop_length", config.hop, config.n_fft, where);
  config.sample_rate =
      static_cast<int>(side_integer(side, "sample_rate", config.sample_rate, 768000, where));
  if (side.is_object() && side.contains("stereo") && side["stereo"].is_boolean()) {
    config.channels = side["stereo"].get<bool>() ? 2 : 1;
  }
  if (side.is_object() && side.value("stft_win_length", config.n_fft) != config.n_fft) {
    fail(where, "stft_win_length differs from stft_n_fft; only equal values are implemented");
  }
  if (side.is_object() && side.contains("stft_normalized") && side["stft_normalized"] == true) {
    fail(where, "stft_normalized is true; only false is implemented");
  }
  // A chunk that is no multiple of the hop would come back shorter than it went in.
  const auto wanted = side_integer(side, "chunk_size", config.chunk, std::int64_t{1} << 30, where);
  config.chunk = wanted / config.hop * config.hop;
  if (config.chunk < 2 * config.n_fft)
    fail(where, fmt::format("chunk_size {} is too short for the STFT", wanted));
}

}  // namespace

RoformerConfig derive_roformer_config(const Weights& weights, const json& side,
                                      const std::string& where) {
  if (!weights.has("layers.0.0.layers.0.0.to_qkv.weight") ||
      !weights.has("band_split.to_features.0.1.weight")) {
    fail(where,
         "is not a Mel-Band RoFormer: tensors 'layers.0.0…to_qkv.weight' and 'band_split…' are "
         "missing");
  }
  RoformerConfig config;
  read_side(config, side, where);
  const auto first = weights / "layers" / 0 / 0 / "layers" / 0;
  config.dim = rows_of(weights, "band_split.to_features.0.1.weight", 2, where);
  config.heads = rows_of(first / 0, "to_gates.weight", 2, where);
  const auto qkv = rows_of(first / 0, "to_qkv.weight", 2, where);
  config.head_dim = 2 * rows_of(first / 0, "rotary_embed.freqs", 1, where);
  if (qkv != 3 * config.heads * config.head_dim) {
    fail(where, fmt::format("{} attention rows do not fit {} heads of width {}", qkv, config.heads,
                            config.head_dim));
  }
  config.depth = count_parts(weights / "layers", "0.norm.gamma");
  config.time_blocks = count_parts(weights / "layers" / 0 / 0 / "layers", "0.to_qkv.weight");
  config.freq_blocks = count_parts(weights / "layers" / 0 / 1 / "layers", "0.to_qkv.weight");
  config.bands = count_parts(weights / "band_split" / "to_features", "0.gamma");
  config.stems = count_parts(weights / "mask_estimators", "to_freqs.0.0.0.weight");
  if (config.freq_blocks < 1 || config.stems < 1)
    fail(where, "frequency transformer or mask estimator is missing");
  config.ff_width = rows_of(first / 1, "net.1.weight", 2, where);
  const auto mask = weights / "mask_estimators" / 0 / "to_freqs" / 0 / 0;
  config.mask_width = rows_of(mask, "0.weight", 2, where);
  config.mask_depth = 0;
  while (config.mask_depth < kMostParts &&
         mask.has(fmt::format("{}.weight", 2 * (config.mask_depth + 1)))) {
    ++config.mask_depth;
  }
  return config;
}

}  // namespace headroom::models
