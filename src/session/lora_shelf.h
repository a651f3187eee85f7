// The LoRAs that a server offers, as its clients see them.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "diffusion/lora_catalogue.h"
#include "session/score.h"
#include "studio/studio.h"
#include "wire/events.gen.h"

namespace headroom::session {

/// One per process. Thread-safe.
class LoraShelf {
 public:
  /// Files below `roots`, the first of which is the primary folder. Clients see paths relative to
  /// their root (W7).
  LoraShelf(studio::Studio& studio, std::vector<std::filesystem::path> roots);

  /// Looks through the folders again.
  void scan();
  /// Adds a file that a client names, if it lies inside a root (W8); its id.
  std::optional<std::string> add(const std::string& path);

  bool knows(const std::string& id) const;
  /// The change that enables one: reads its file unless it is enabled already. `strength` none:
  /// what its maker recommends, else 1. Refused with the reason.
  Result<LoraChange, std::string> enabling(const std::string& id, std::optional<double> strength);

  /// All of them with their states. Waits for the executor's thread.
  std::vector<wire::LoraEntry> entries();
  std::vector<std::string> ids() const;

 private:
  std::string shown_path(const std::filesystem::path& path) const;

  studio::Studio& studio_;
  std::vector<std::filesystem::path> roots_;
  mutable std::mutex mutex_;
  diffusion::LoraCatalogue catalogue_;
};

}  // namespace headroom::session
