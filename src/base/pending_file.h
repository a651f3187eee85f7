// A file that becomes visible only when it is whole: write aside, sync, rename.
#pragma once

#include <filesystem>

namespace headroom {

/// Write to `path()`, then call commit(). Without commit() the destructor removes what was written,
/// so a failed or killed operation never leaves half a result under the final name.
/// One thread at a time. Move-only.
class PendingFile {
 public:
  /// Checks at once that the folder exists and can be written; throws Error(output) otherwise.
  explicit PendingFile(std::filesystem::path target);
  ~PendingFile();
  PendingFile(PendingFile&& other) noexcept;
  PendingFile& operator=(PendingFile&&) = delete;

  /// Where to write meanwhile: a hidden sibling of the target with the same extension.
  const std::filesystem::path& path() const { return aside_; }
  const std::filesystem::path& target() const { return target_; }

  /// Flushes the written file to disk and renames it over the target. The writer must have closed
  /// it. Throws Error(output).
  void commit();

 private:
  std::filesystem::path target_;
  std::filesystem::path aside_;
};

}  // namespace headroom
