#include "library/disk.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "library/content_hash.h"

namespace headroom::library {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, std::string_view what) {
  throw Error(ErrorKind::output, fmt::format("{}: {}", printable(path.filename().string()), what));
}

}  // namespace

BuildFolder::BuildFolder(const fs::path& parent) {
  std::error_code code;
  fs::create_directories(parent, code);
  auto path = parent / random_id();
  if (code || !fs::create_directory(path, code))
    fail(parent, fmt::format("cannot be written: {}", code.message()));
  path_ = std::move(path);
}

BuildFolder::~BuildFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

bool BuildFolder::move_to(const fs::path& target) {
  for (const auto& entry : fs::recursive_directory_iterator(path_)) sync_path(entry.path());
  sync_path(path_);
  if (!rename_new(path_, target)) return false;
  path_.clear();
  sync_path(target.parent_path());
  return true;
}

void sync_path(const fs::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(path, std::strerror(errno));
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0 && error != EINVAL) fail(path, std::strerror(error));
}

bool rename_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOENT || errno == ENOTDIR) return false;
  fail(to, fmt::format("cannot be written: {}", std::strerror(errno)));
}

std::uint64_t free_bytes(const fs::path& path) {
  struct statvfs facts {};
  if (::statvfs(path.c_str(), &facts) != 0) return 0;
  return static_cast<std::uint64_t>(facts.f_bavail) * facts.f_frsize;
}

std::uint64_t bytes_below(const fs::path& path) {
  std::uint64_t bytes = 0;
  std::error_code code;
  for (fs::recursive_directory_iterator it(path, code), end; !code && it != end;
       it.increment(code)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) bytes += it->file_size(ignored);
  }
  return bytes;
}

std::int64_t stamp_of(const fs::path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return 0;
  return facts.st_mtim.tv_sec * 1'000'000'000LL + facts.st_mtim.tv_nsec + 1;
}

}  // namespace headroom::library
