// Makes model folders with random weights in the published layout: for tests, benchmarks, and to
// rehearse an installation without a download. What they play is noise shaped by chance.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/progress.h"
#include "studio/model_folder.h"

namespace headroom::studio {

enum class ModelSize {
  tiny,  // every network at its smallest useful size, 48 kHz and the real rates: 10 MB in all
  b2,    // the published 2B sizes: 4.8 GB + VAE 0.3 + text encoder 1.2 + separator 0.5
  xl,    // the published XL sizes, in four shards: 10 GB + the same others
};

/// Throws Error(usage) naming the sizes for another word than tiny, 2b, xl.
ModelSize parse_model_size(const std::string& name);

/// The `config.json` of each part, as published (tiny: the same fields, small numbers).
nlohmann::json dit_config_json(ModelSize size);
nlohmann::json vae_config_json(ModelSize size);
nlohmann::json text_config_json(ModelSize size);
nlohmann::json separator_config_json(ModelSize size);

/// What ModelFolder::configs() says of a made model of that size.
ModelConfigs made_configs(ModelSize size);

struct MadePart {
  std::string name;
  std::int64_t tensors = 0;
  std::uint64_t bytes = 0;
};

/// The parts that make_model knows: dit, vae, text, separator.
std::vector<std::string> model_parts();

/// Writes `parts` (all when empty) under `root`, which is created. 16-bit weights as published
/// (bf16 for the transformers, fp16 for VAE and separator). Every file appears whole or not at all.
/// Throws Error(output) or, for an unknown part, Error(usage).
std::vector<MadePart> make_model(const std::filesystem::path& root, ModelSize size,
                                 std::uint64_t seed, const std::vector<std::string>& parts,
                                 Progress& progress = no_progress());

}  // namespace headroom::studio
