// The safetensors format: 8-byte little-endian header length, JSON header, raw little-endian data.
// Reading maps the file; nothing is copied and nothing of the file is trusted before it is checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/ATen.h>

#include "base/pending_file.h"

namespace headroom {

/// Header of one file may be at most this large: the real XL shards need 0.1 MB, the format's own
/// libraries stop at 100 MB.
inline constexpr std::uint64_t kLongestSafetensorsHeader = 100'000'000;

/// More dimensions than any checkpoint has; a bound for hostile headers.
inline constexpr size_t kMostDimensions = 8;

/// One tensor as the header describes it; `begin` and `end` are byte offsets into the data section.
struct TensorEntry {
  std::string name;
  at::ScalarType dtype;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;

  std::uint64_t bytes() const { return end - begin; }
};

/// The safetensors spelling of a dtype ("F32", "BF16", "I64", …); throws Error(internal) for one
/// that the format does not have.
std::string_view safetensors_name(at::ScalarType dtype);

/// A read-only, memory-mapped file. Immutable after open(), so any thread may read it. Tensors
/// taken from it keep the mapping alive on their own. Copying shares the mapping.
///
/// The bytes are read when a tensor is used, not before. A file that is cut short by somebody else
/// meanwhile kills the process with SIGBUS at that moment, as with any mapped file: replace
/// checkpoints by renaming a new file over them (as SafetensorsWriter does), never in place.
class SafetensorsFile {
 public:
  /// Maps and checks the whole header: lengths, dtypes, shapes (overflow), byte ranges (order,
  /// overlap, gaps, bounds), duplicate names. Throws Error(checkpoint) with the file name and the
  /// first thing that is wrong. Cost: proportional to the header, not to the data.
  static SafetensorsFile open(const std::filesystem::path& path);

  /// The same checks on bytes in memory, which the caller keeps alive; `label` names them in
  /// errors.
  static SafetensorsFile parse(const std::uint8_t* bytes, size_t size, const std::string& label);

  const std::filesystem::path& path() const;
  /// All tensors, in order of their place in the file.
  const std::vector<TensorEntry>& entries() const;
  /// The entry of that name, or nullptr.
  const TensorEntry* find(std::string_view name) const;
  /// A view on the mapped bytes in the stored dtype and shape. Writing to it ends the process: the
  /// mapping is read-only. Misaligned data (the format does not promise alignment) is copied
  /// instead, and so is BOOL, whose bytes other than 0 become 1. Throws Error(checkpoint) for a
  /// name that is not there.
  at::Tensor tensor(std::string_view name) const;
  /// The `__metadata__` strings; empty when there are none.
  const std::map<std::string, std::string>& metadata() const;

 private:
  struct State;
  explicit SafetensorsFile(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

/// Writes a file tensor by tensor, so that a checkpoint larger than memory can be made. Order of
/// use: add() every tensor, write() each of them in the same order, finish(). The file appears
/// under its name only at finish(). One thread. Errors are Error(output); a wrong order of use is
/// Error(internal). The data section begins at a multiple of 8 bytes and the format allows no gaps,
/// so add wide dtypes first if all tensors are to be aligned.
class SafetensorsWriter {
 public:
  explicit SafetensorsWriter(const std::filesystem::path& target);
  ~SafetensorsWriter();

  void metadata(const std::string& key, const std::string& value);
  void add(const std::string& name, at::ScalarType dtype, std::vector<std::int64_t> shape);
  /// `tensor` must have the next added dtype and shape; it may live on any device and need not be
  /// contiguous.
  void write(const at::Tensor& tensor);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// All of `tensors` in one go, ordered so that each is aligned.
void save_safetensors(const std::filesystem::path& target,
                      const std::map<std::string, at::Tensor>& tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace headroom
