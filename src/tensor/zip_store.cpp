#include "tensor/zip_store.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom {
namespace {

// Record signatures and lengths of their fixed parts (APPNOTE 6.3.10, section 4.3).
constexpr std::uint32_t kLocalMark = 0x04034b50;
constexpr std::uint32_t kEntryMark = 0x02014b50;
constexpr std::uint32_t kEndMark = 0x06054b50;
constexpr std::uint32_t kEnd64Mark = 0x06064b50;
constexpr std::uint32_t kLocator64Mark = 0x07064b50;
constexpr std::uint64_t kLocalSize = 30;
constexpr std::uint64_t kEntrySize = 46;
constexpr std::uint64_t kEndSize = 22;
constexpr std::uint64_t kEnd64Size = 56;
constexpr std::uint64_t kLocator64Size = 20;

constexpr std::uint64_t kLongestComment = 0xFFFF;
constexpr std::uint64_t kIn64 = 0xFFFFFFFF;  // "see the zip64 record" in a 4-byte field
constexpr std::uint64_t kZip64Field = 1;     // id of the extra field with the wide numbers
constexpr unsigned kEncrypted = 1;           // flag bit 0
constexpr size_t kAlignment = 64;

constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 1U) != 0 ? (value >> 1U) ^ 0xEDB88320U : value >> 1U;
    }
    table[i] = value;
  }
  return table;
}

void put(std::string& out, std::uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i));
}

}  // namespace

std::uint32_t crc32_of(std::span<const std::uint8_t> bytes) {
  static constexpr auto kTable = crc_table();
  std::uint32_t crc = 0xFFFFFFFF;
  for (const auto byte : bytes) crc = kTable[(crc ^ byte) & 0xFFU] ^ (crc >> 8U);
  return ~crc;
}

void ZipReader::fail(std::string_view what) const {
  throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", label_, what));
}

// A little-endian number of `width` bytes; every read of the archive's structure passes here.
std::uint64_t ZipReader::number(std::uint64_t at, unsigned width) const {
  if (at > bytes_.size() || bytes_.size() - at < width) {
    fail("the zip archive is cut short; download it again");
  }
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= std::uint64_t{bytes_[at + i]} << (8 * i);
  return value;
}

size_t ZipReader::find_end() const {
  if (bytes_.size() >= kEndSize) {
    const auto last = bytes_.size() - kEndSize;
    const auto first = last > kLongestComment ? last - kLongestComment : 0;
    for (auto at = last + 1; at-- > first;) {
      // The comment must reach to the end exactly, or this is no record but bytes that look like
      // it.
      if (number(at, 4) == kEndMark && number(at + 20, 2) == last - at) return at;
    }
  }
  fail("not a zip archive, or it is cut short; PyTorch files are zip since version 1.6");
}

ZipReader::Directory ZipReader::find_directory() const {
  const auto end = find_end();
  if (end >= kLocator64Size && number(end - kLocator64Size, 4) == kLocator64Mark) {
    const auto at = number(end - kLocator64Size + 8, 8);
    if (at > end || end - at < kEnd64Size || number(at, 4) != kEnd64Mark) {
      fail("the zip64 record is not where the archive says");
    }
    return {number(at + 32, 8), number(at + 48, 8), number(at + 40, 8)};
  }
  return {number(end + 10, 2), number(end + 16, 4), number(end + 12, 4)};
}

ZipReader::ZipReader(std::span<const std::uint8_t> bytes, std::string label)
    : bytes_(bytes), label_(std::move(label)) {
  const auto directory = find_directory();
  if (directory.count > kMostZipEntries) {
    fail(fmt::format("{} entries are more than the {} allowed", directory.count, kMostZipEntries));
  }
  if (directory.offset > bytes_.size() || directory.size > bytes_.size() - directory.offset) {
    fail("the directory of the zip archive is outside of the file");
  }
  auto at = directory.offset;
  for (std::uint64_t i = 0; i < directory.count; ++i) at = read_entry(at);
  if (at != directory.offset + directory.size) {
    fail("the directory of the zip archive has another length than it says");
  }
}

// Returns where the next directory entry begins.
std::uint64_t ZipReader::read_entry(std::uint64_t at) {
  if (number(at, 4) != kEntryMark) fail("the directory of the zip archive is damaged");
  const auto name_size = number(at + 28, 2);
  const auto extra_size = number(at + 30, 2);
  const auto comment_size = number(at + 32, 2);
  const auto end = at + kEntrySize + name_size + extra_size + comment_size;
  if (end > bytes_.size()) fail("the directory of the zip archive is cut short");
  const auto* name = reinterpret_cast<const char*>(bytes_.data()) + at + kEntrySize;
  Entry entry{{name, static_cast<size_t>(name_size)},
              static_cast<unsigned>(number(at + 8, 2)),
              static_cast<unsigned>(number(at + 10, 2)),
              static_cast<std::uint32_t>(number(at + 16, 4)),
              number(at + 20, 4),
              number(at + 24, 4),
              number(at + 42, 4)};
  widen(entry, at + kEntrySize + name_size, extra_size);
  entries_.push_back(std::move(entry));
  return end;
}

// Takes those numbers from the zip64 extra field that do not fit into the entry itself.
void ZipReader::widen(Entry& entry, std::uint64_t at, std::uint64_t size) const {
  const auto end = at + size;
  while (end - at >= 4) {
    const auto id = number(at, 2);
    auto left = number(at + 2, 2);
    at += 4;
    if (left > end - at) fail(fmt::format("entry \"{}\" is damaged", printable(entry.name)));
    const auto next = at + left;
    if (id == kZip64Field) {
      for (auto* field : {&entry.size, &entry.packed, &entry.offset}) {
        if (*field != kIn64 || left < 8) continue;
        *field = number(at, 8);
        at += 8;
        left -= 8;
      }
    }
    at = next;
  }
}

std::vector<std::string> ZipReader::names() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_) names.push_back(entry.name);
  return names;
}

bool ZipReader::has(std::string_view name) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.name == name; });
}

std::span<const std::uint8_t> ZipReader::entry(std::string_view name) const {
  const auto fail_entry = [&](std::string_view what) {
    fail(fmt::format("entry \"{}\" {}", printable(name), what));
  };
  const Entry* found = nullptr;
  for (const auto& entry : entries_) {
    if (entry.name != name) continue;
    if (found != nullptr) fail_entry("is there twice");
    found = &entry;
  }
  if (found == nullptr) fail_entry("is missing");
  if ((found->flags & kEncrypted) != 0) fail_entry("is encrypted");
  if (found->method != 0 || found->packed != found->size) {
    fail_entry("is compressed; torch.save stores without compression");
  }
  const auto at = found->offset;
  if (at > bytes_.size() || bytes_.size() - at < kLocalSize || number(at, 4) != kLocalMark) {
    fail_entry("is not where the directory says");
  }
  const auto name_size = number(at + 26, 2);
  const auto begin = at + kLocalSize + name_size + number(at + 28, 2);
  if (begin > bytes_.size() || found->size > bytes_.size() - begin) {
    fail_entry("reaches beyond the end of the file");
  }
  const std::string_view local(reinterpret_cast<const char*>(bytes_.data()) + at + kLocalSize,
                               static_cast<size_t>(name_size));
  if (local != name) fail_entry("has another name in its own header");
  const auto data = bytes_.subspan(static_cast<size_t>(begin), static_cast<size_t>(found->size));
  if (crc32_of(data) != found->crc) fail_entry("has a wrong checksum; download the file again");
  return data;
}

void ZipWriter::add(const std::string& name, std::span<const std::uint8_t> data) {
  const auto offset = out_.size();
  // The extra field only pads: PyTorch's own writer calls it "FB".
  const auto unpadded = offset + kLocalSize + name.size() + 4;
  const auto padding = (kAlignment - unpadded % kAlignment) % kAlignment;
  std::string common;
  put(common, 20, 2);      // version needed
  put(common, 0x0800, 2);  // names are UTF-8
  put(common, 0, 2);       // stored
  put(common, 0, 2);       // time
  put(common, 0x0021, 2);  // date: the first of January 1980
  put(common, crc32_of(data), 4);
  put(common, data.size(), 4);
  put(common, data.size(), 4);
  put(common, name.size(), 2);

  put(out_, kLocalMark, 4);
  out_ += common;
  put(out_, padding + 4, 2);
  out_ += name + "FB";
  put(out_, padding, 2);
  out_.append(padding, 'Z');
  out_.append(reinterpret_cast<const char*>(data.data()), data.size());

  put(directory_, kEntryMark, 4);
  put(directory_, 20, 2);  // version made by
  directory_ += common;
  put(directory_, 0, 8);  // no extra field, no comment, disk 0, internal attributes
  put(directory_, 0, 4);  // external attributes
  put(directory_, offset, 4);
  directory_ += name;
  ++count_;
}

std::string ZipWriter::finish() {
  const auto offset = out_.size();
  out_ += directory_;
  put(out_, kEndMark, 4);
  put(out_, 0, 4);  // disk numbers
  put(out_, count_, 2);
  put(out_, count_, 2);
  put(out_, directory_.size(), 4);
  put(out_, offset, 4);
  put(out_, 0, 2);  // no comment
  return std::move(out_);
}

}  // namespace headroom
