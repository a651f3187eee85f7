#include "audio/growing_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom {

GrowingFile::GrowingFile(const std::filesystem::path& path, std::int64_t size)
    : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)), size_(size) {
  if (file_ < 0)
    throw Error(ErrorKind::input, fmt::format("{} cannot be read: {}", printable(path.string()),
                                              std::strerror(errno)));
}

GrowingFile::~GrowingFile() { ::close(file_); }

void GrowingFile::reach(std::int64_t front) {
  {
    const std::scoped_lock lock(mutex_);
    front_ = std::max(front_, std::min(front, size_));
  }
  changed_.notify_all();
}

void GrowingFile::close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

std::int64_t GrowingFile::read(std::int64_t offset, void* to, std::int64_t count) noexcept {
  const auto most = std::min(count, size_ - offset);
  if (most <= 0) return 0;
  std::int64_t there = 0;
  {
    std::unique_lock lock(mutex_);
    if (offset > front_) {
      std::memset(to, 0, static_cast<std::size_t>(most));
      return most;
    }
    changed_.wait(lock, [&] { return closed_ || front_ >= offset + most; });
    there = std::min(most, front_ - offset);
  }
  std::int64_t got = 0;
  while (got < there) {
    const auto n = ::pread(file_, static_cast<char*>(to) + got,
                           static_cast<std::size_t>(there - got), offset + got);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += n;
  }
  return got;
}

}  // namespace headroom
