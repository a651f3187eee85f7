#include "base/process.h"

#include <cstdlib>
#include <fstream>
#include <malloc.h>
#include <sstream>
#include <unistd.h>

namespace headroom {
namespace {

// Value of the first "key : value" line of a /proc file, or "".
std::string proc_value(const std::string& file, const std::string& key) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line)) {
    if (line.rfind(key, 0) != 0) continue;
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    const auto start = line.find_first_not_of(" \t", colon + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

// The same for a number of kibibytes; 0 without it.
std::uint64_t proc_bytes(const std::string& file, const std::string& key) {
  std::istringstream value(proc_value(file, key));
  std::uint64_t kib = 0;
  value >> kib;
  return kib * 1024;
}

}  // namespace

std::uint64_t peak_resident_bytes() { return proc_bytes("/proc/self/status", "VmHWM"); }

std::uint64_t resident_bytes(std::int64_t pid) {
  return proc_bytes("/proc/" + std::to_string(pid) + "/status", "VmRSS");
}

std::uint64_t physical_memory_bytes() {
  const auto pages = ::sysconf(_SC_PHYS_PAGES);
  const auto page = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page > 0
             ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page)
             : 0;
}

void give_freed_memory_back() {
  constexpr int kHeaps = 2;              // more only pays where threads allocate all the time
  constexpr int kLargeBuffer = 1 << 20;  // bytes; a second of stereo sound has 384 000
  if (std::getenv("MALLOC_ARENA_MAX") == nullptr) ::mallopt(M_ARENA_MAX, kHeaps);
  if (std::getenv("MALLOC_MMAP_THRESHOLD_") == nullptr) ::mallopt(M_MMAP_THRESHOLD, kLargeBuffer);
}

std::string cpu_name() {
  auto name = proc_value("/proc/cpuinfo", "model name");
  return name.empty() ? "unknown" : name;
}

bool cpu_has(const std::string& flag) {
  std::istringstream flags(proc_value("/proc/cpuinfo", "flags"));
  std::string word;
  while (flags >> word) {
    if (word == flag) return true;
  }
  return false;
}

}  // namespace headroom
