// Changing one thing in a model folder.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include <ATen/ATen.h>

#include "base/json.h"
#include "tensor/safetensors.h"

namespace headroom::test {

inline const std::string kDitFolder = "acestep-v15-turbo";
inline const std::string kTextFolder = "Qwen3-Embedding-0.6B";
inline const std::string kSeparatorFolder = "MelBandRoFormer";

inline void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline void edit_json(const std::filesystem::path& path,
                      const std::function<void(nlohmann::json&)>& edit) {
  nlohmann::json json;
  std::ifstream(path) >> json;
  edit(json);
  write_file(path, json.dump());
}

using Tensors = std::map<std::string, at::Tensor>;

/// The one .safetensors file of a part.
inline std::filesystem::path weights_of(const std::filesystem::path& part) {
  for (const auto& entry : std::filesystem::directory_iterator(part)) {
    if (entry.path().extension() == ".safetensors") return entry.path();
  }
  return part / "no-safetensors-here";
}

inline void edit_weights(const std::filesystem::path& part,
                         const std::function<void(Tensors&)>& edit) {
  Tensors tensors;
  const auto path = weights_of(part);
  {
    const auto file = SafetensorsFile::open(path);
    for (const auto& entry : file.entries()) tensors[entry.name] = file.tensor(entry.name).clone();
  }
  edit(tensors);
  save_safetensors(path, tensors);
}

}  // namespace headroom::test
