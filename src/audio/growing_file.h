// A file that somebody is still writing, read as if it were whole: for decoding what arrives.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>

#include "audio/file.h"

namespace headroom {

/// One writer, who appends to the file and says so here, and one reader. A read at the front waits
/// for the bytes. A read beyond the front is a look at the end (at tags, at the last page) and gets
/// zeros at once, as of a sparse file; so what a decoder says of the length may differ from what it
/// says of the whole file, and so may its last samples.
class GrowingFile : public ByteSource {
 public:
  /// The file, which exists, and what it will be in the end. Throws Error(input) when it cannot be
  /// opened.
  GrowingFile(const std::filesystem::path& path, std::int64_t size);
  ~GrowingFile() override;
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;

  /// So many bytes lie in the file now. Any thread.
  void reach(std::int64_t front);
  /// Nobody waits any more: the file ends where it is. Any thread.
  void close();

  std::int64_t size() const override { return size_; }
  std::int64_t read(std::int64_t offset, void* to, std::int64_t count) noexcept override;

 private:
  int file_;
  std::int64_t size_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t front_ = 0;
  bool closed_ = false;
};

}  // namespace headroom
