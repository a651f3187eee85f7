// A checkpoint on disk as a WeightSource: one safetensors file, or a sharded set with its index.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tensor/safetensors.h"
#include "tensor/weights.h"

namespace headroom {

/// Immutable after opening; any thread may read.
class Checkpoint : public WeightSource {
 public:
  /// `path` is a .safetensors file, a `*.safetensors.index.json`, or a folder. In a folder
  /// `model.safetensors.index.json`, `model.safetensors`, `diffusion_pytorch_model.safetensors` are
  /// tried in this order, then a single other *.safetensors file. The index may name only files
  /// beside it, every tensor of its `weight_map` must be in the shard it names, and a tensor may
  /// not stand in two shards. Throws Error(checkpoint).
  static Checkpoint open(const std::filesystem::path& path);

  bool has(const std::string& name) const override;
  std::vector<std::int64_t> shape_of(const std::string& name) const override;
  at::Tensor get(const std::string& name, at::IntArrayRef shape) override;

  /// All entries of all shards, ordered by name.
  std::vector<TensorEntry> entries() const;
  const std::vector<SafetensorsFile>& files() const { return files_; }

 private:
  struct Place {
    size_t file;
    size_t entry;
  };
  std::vector<SafetensorsFile> files_;
  std::map<std::string, Place, std::less<>> places_;
  std::filesystem::path path_;
};

/// "[2, 3]", for messages.
std::string shape_text(at::IntArrayRef shape);

}  // namespace headroom
