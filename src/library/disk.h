// The few file operations on which nothing-half-written rests.
#pragma once

#include <cstdint>
#include <filesystem>

namespace headroom::library {

/// A folder of its own in which something is built before it gets its name. Removed with all that
/// is in it unless move_to() succeeded. One thread.
class BuildFolder {
 public:
  /// Below `parent`, which is made when it is missing. Throws Error(output).
  explicit BuildFolder(const std::filesystem::path& parent);
  ~BuildFolder();
  BuildFolder(const BuildFolder&) = delete;
  BuildFolder& operator=(const BuildFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// Makes all that is in it durable, then gives it its name with one rename. False when something
  /// of that name is there already; nothing is ever replaced. Throws Error(output).
  bool move_to(const std::filesystem::path& target);

 private:
  std::filesystem::path path_;
};

/// Flushes a file or folder to the disk. Throws Error(output).
void sync_path(const std::filesystem::path& path);

/// Renames without ever replacing; false when `to` is there or `from` or the folder of `to` is not.
bool rename_new(const std::filesystem::path& from, const std::filesystem::path& to);

/// Bytes that an ordinary user may still write on the file system of `path`.
std::uint64_t free_bytes(const std::filesystem::path& path);

/// Bytes of all files below `path`.
std::uint64_t bytes_below(const std::filesystem::path& path);

/// Changes when entries come or go; 0 when there is no such path.
std::int64_t stamp_of(const std::filesystem::path& path);

}  // namespace headroom::library
