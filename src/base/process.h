// Facts about this process and the machine under it.
#pragma once

#include <cstdint>
#include <string>

namespace headroom {

/// Highest resident set of this process so far, in bytes (VmHWM). 0 where the system does not say.
std::uint64_t peak_resident_bytes();

/// Resident set of a process in bytes (VmRSS); 0 when there is none of that number, or the system
/// does not say.
std::uint64_t resident_bytes(std::int64_t pid);

/// Physical memory of the machine in bytes, as the kernel reports it.
std::uint64_t physical_memory_bytes();

/// For a process that lives long with many threads: what is freed goes back to the system. glibc
/// otherwise keeps a heap for each thread, and buffers of many MiB in them. Call it before there
/// are threads; environment variables of glibc's (MALLOC_ARENA_MAX and its like) win.
void give_freed_memory_back();

/// Model name of the first CPU, or "unknown".
std::string cpu_name();

/// True when the CPU has the named /proc/cpuinfo flag, e.g. "avx2".
bool cpu_has(const std::string& flag);

}  // namespace headroom
