// Zip archives whose entries are stored, not compressed: as much of the format as torch.save needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headroom {

/// CRC-32 as zip and PNG have it (polynomial 0xEDB88320).
std::uint32_t crc32_of(std::span<const std::uint8_t> bytes);

/// Reads an archive in memory, which the caller keeps alive. Immutable after it is made.
class ZipReader {
 public:
  /// Reads the central directory (zip64 as well) and checks its bounds, names and the limit of
  /// kMostZipEntries. Throws Error(checkpoint) beginning with `label`.
  ZipReader(std::span<const std::uint8_t> bytes, std::string label);

  /// In the order of the directory.
  std::vector<std::string> names() const;
  bool has(std::string_view name) const;
  /// The bytes of an entry. Throws Error(checkpoint) when it is not there, twice there, compressed
  /// or encrypted, outside of the archive, or when its checksum is wrong.
  std::span<const std::uint8_t> entry(std::string_view name) const;

 private:
  struct Entry {
    std::string name;
    unsigned flags;
    unsigned method;
    std::uint32_t crc;
    std::uint64_t packed;
    std::uint64_t size;
    std::uint64_t offset;  // of the local header
  };
  struct Directory {
    std::uint64_t count;
    std::uint64_t offset;
    std::uint64_t size;
  };

  [[noreturn]] void fail(std::string_view what) const;
  std::uint64_t number(std::uint64_t at, unsigned width) const;
  size_t find_end() const;
  Directory find_directory() const;
  std::uint64_t read_entry(std::uint64_t at);
  void widen(Entry& entry, std::uint64_t at, std::uint64_t size) const;

  std::span<const std::uint8_t> bytes_;
  std::string label_;
  std::vector<Entry> entries_;
};

inline constexpr std::uint64_t kMostZipEntries = 1000;

/// Builds an archive in memory. Data begins at multiples of 64 bytes, as PyTorch has it.
class ZipWriter {
 public:
  void add(const std::string& name, std::span<const std::uint8_t> data);
  /// The whole archive. Below 4 GiB only: no zip64 is written; the caller checks that.
  std::string finish();

 private:
  std::string out_;
  std::string directory_;
  std::uint16_t count_ = 0;
};

}  // namespace headroom
