// A body that is still being written to the disk, decoded as it comes: the engine gets its samples
// before the last byte is there. What becomes the track is decoded from the whole file all the
// same; nothing that is said of a file, and no error, depends on this.
#pragma once

#include <filesystem>
#include <memory>
#include <thread>

#include "audio/growing_file.h"
#include "server/engine.h"

namespace headroom::server {

class EarlyDecode {
 public:
  /// `file` will have `size` bytes; samples beyond `longest_seconds` are left out. Works on a
  /// thread of its own. Throws Error(input) when the file cannot be opened.
  EarlyDecode(const std::filesystem::path& file, std::uint64_t size, double longest_seconds,
              std::unique_ptr<UploadAhead> to);
  /// Waits as finish() does.
  ~EarlyDecode();
  EarlyDecode(const EarlyDecode&) = delete;
  EarlyDecode& operator=(const EarlyDecode&) = delete;

  /// So many bytes lie in the file now. Any thread.
  void reach(std::uint64_t front);
  /// What comes now is not decoded any more. Any thread; waits for nothing.
  void stop();
  /// After the step that the engine is at: what it has made. Once.
  std::unique_ptr<UploadAhead> finish();

 private:
  void run(const std::stop_token& stop) noexcept;

  GrowingFile file_;
  double longest_seconds_;
  std::unique_ptr<UploadAhead> to_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace headroom::server
