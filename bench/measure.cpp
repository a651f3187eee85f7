#include <algorithm>
#include <chrono>
#include <fstream>
#include <malloc.h>
#include <unistd.h>

#include "base/process.h"
#include "case.h"

namespace headroom::bench {
namespace {

double time_of(const std::function<void()>& run) {
  const auto began = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

std::uint64_t resident_bytes() {
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Gives freed memory back and starts the kernel's high-water mark anew; what is resident now.
std::uint64_t start_watching_memory() {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
  return resident_bytes();
}

}  // namespace

double Result::median_seconds() const {
  const auto count = seconds.size();
  const double middle = (seconds[(count - 1) / 2] + seconds[count / 2]) / 2.0;
  return middle / work.share;
}

double Result::gflop_per_second() const { return work.gflop / work.share / median_seconds(); }

double Result::realtime_factor() const { return work.audio_seconds / median_seconds(); }

Result measure(const Case& subject, const RunSettings& settings) {
  auto work = subject.prepare();
  Result result{subject.name, {}, {}, 0};
  const auto before = start_watching_memory();
  const double first = time_of(work.run);
  const auto peak = peak_resident_bytes();
  result.peak_growth = peak > before ? peak - before : 0;

  if (first > settings.longest_warm_up) result.seconds.push_back(first);
  const int enough = first > settings.longest_repeated ? 1 : std::max(1, settings.repeats);
  double total = first > settings.longest_warm_up ? first : 0.0;
  while (static_cast<int>(result.seconds.size()) < enough || total < settings.shortest_total) {
    result.seconds.push_back(time_of(work.run));
    total += result.seconds.back();
  }
  std::sort(result.seconds.begin(), result.seconds.end());
  work.run = nullptr;
  result.work = work;
  return result;
}

}  // namespace headroom::bench
