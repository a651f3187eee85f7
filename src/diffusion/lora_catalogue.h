// The LoRAs that there are: files in folders. Nothing is loaded before it is asked for.
// Source: specification of the streaming engine, section 17.1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "diffusion/lora.h"
#include "diffusion/lora_metadata.h"

namespace headroom::diffusion {

struct LoraFile {
  std::string id;
  std::filesystem::path path;
};

/// Outlives networks and rings: what was added by path stays after a swap of either (FIX-11e).
/// One thread.
class LoraCatalogue {
 public:
  /// Looks through `roots` in their order, each with its subfolders sorted by path, for
  /// *.safetensors; a file that is reached twice counts once. An id is the file's name without its
  /// last extension; of `adapter_model`, which every PEFT folder has, the folder's name (FIX-11c).
  /// A second file of the same id gets a number: "name~2". Files added by path stay. A folder that
  /// is missing or cannot be read is passed over.
  void scan(const std::vector<std::filesystem::path>& roots);
  /// Adds one file, and returns its id; the id it has when it is known already.
  std::string add(const std::filesystem::path& file);
  /// Forgets it; false when there is none of that id.
  bool remove(const std::string& id);

  const std::vector<LoraFile>& files() const { return files_; }
  /// Its place, which orders merging; files().size() when there is none of that id.
  std::size_t place(const std::string& id) const;

  /// Reads a file against a model. Refused with the reason: an unknown id, a damaged file, and what
  /// read_lora() refuses. `adapter_config.json` beside the file is taken into account.
  Result<Lora, LoraRefusal> load(const std::string& id, const LoraShapes& shapes) const;

  /// Kept until the sidecar or the file changes.
  const LoraMetadata& metadata(const std::string& id);

 private:
  struct Known {
    std::int64_t stamp;
    LoraMetadata record;
  };

  std::string insert(const std::filesystem::path& file);

  std::vector<LoraFile> files_;
  std::vector<std::filesystem::path> added_;
  std::map<std::string, Known> known_;
};

}  // namespace headroom::diffusion
