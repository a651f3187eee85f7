#include "base/pending_file.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, std::string_view what) {
  throw Error(ErrorKind::output, fmt::format("{}: {}", path.string(), what));
}

fs::path sibling_of(const fs::path& target) {
  static std::atomic<unsigned> counter{0};
  return target.parent_path() / fmt::format(".{}.{}-{}.part{}", target.stem().string(), ::getpid(),
                                            counter++, target.extension().string());
}

void sync(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags);
  if (fd < 0) fail(path, std::strerror(errno));
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0 && error != EINVAL) fail(path, std::strerror(error));
}

}  // namespace

PendingFile::PendingFile(fs::path target) : target_(std::move(target)) {
  if (target_.filename().empty()) fail(target_, "names a folder, give a file name");
  std::error_code code;
  if (fs::is_directory(target_, code)) fail(target_, "is a folder, give a file name");
  auto folder = target_.parent_path();
  if (folder.empty()) folder = ".";
  if (!fs::is_directory(folder, code)) fail(target_, "its folder does not exist; create it first");
  aside_ = sibling_of(target_);
  const int fd = ::open(aside_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0) {
    const int error = errno;
    aside_.clear();
    fail(target_, fmt::format("cannot be written: {}", std::strerror(error)));
  }
  ::close(fd);
}

PendingFile::PendingFile(PendingFile&& other) noexcept
    : target_(std::move(other.target_)), aside_(std::exchange(other.aside_, {})) {}

PendingFile::~PendingFile() {
  if (aside_.empty()) return;
  std::error_code ignored;
  fs::remove(aside_, ignored);
}

void PendingFile::commit() {
  sync(aside_, O_RDONLY | O_CLOEXEC);
  std::error_code code;
  fs::rename(aside_, target_, code);
  if (code) fail(target_, fmt::format("cannot be written: {}", code.message()));
  aside_.clear();
  auto folder = target_.parent_path();
  sync(folder.empty() ? fs::path(".") : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

}  // namespace headroom
