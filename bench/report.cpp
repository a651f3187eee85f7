#include "report.h"

#include <array>
#include <cstdlib>
#include <thread>

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/csrc/api/include/torch/version.h>

#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "tensor/blas.h"

namespace headroom::bench {
namespace {

std::string duration(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.1f} µs", seconds * 1e6);
  if (seconds < 1.0) return fmt::format("{:.2f} ms", seconds * 1e3);
  return fmt::format("{:.2f} s", seconds);
}

std::string number_or_dash(double value, int digits) {
  return value > 0.0 ? fmt::format("{:.{}f}", value, digits) : "-";
}

std::string bytes_or_dash(std::uint64_t bytes) { return bytes > 0 ? human_bytes(bytes) : "-"; }

}  // namespace

std::string table_header() {
  return fmt::format("{:<26} {:>11} {:>10} {:>9} {:>11} {:>11} {:>10} {:>5}\n", "name", "median",
                     "GFLOP", "GFLOP/s", "weights", "peak", "realtime", "runs");
}

std::string table_row(const Result& result) {
  const bool partial = result.work.share < 1.0;
  return fmt::format(
      "{:<26} {:>11} {:>10} {:>9} {:>11} {:>11} {:>10} {:>5}{}\n", result.name,
      duration(result.median_seconds()), number_or_dash(result.work.gflop / result.work.share, 1),
      number_or_dash(result.gflop_per_second(), 0), bytes_or_dash(result.work.weight_bytes),
      bytes_or_dash(result.peak_growth), number_or_dash(result.realtime_factor(), 2),
      result.seconds.size(),
      partial
          ? fmt::format("  extrapolated from {:.1f} % of the network", 100.0 * result.work.share)
          : "");
}

nlohmann::json conditions() {
  std::array<double, 3> load{};
  (void)::getloadavg(load.data(), static_cast<int>(load.size()));
  const auto blas = blas_info();
  return {{"cpu", cpu_name()},
          {"cpus", std::thread::hardware_concurrency()},
          {"threads", at::get_num_threads()},
          {"libtorch", TORCH_VERSION},
          {"blas", blas.library + " " + blas.core},
          {"memory_bytes", physical_memory_bytes()},
          {"load_at_start", load[0]}};
}

nlohmann::json to_json(const Result& result) {
  return {{"name", result.name},
          {"seconds", result.median_seconds()},
          {"runs", result.seconds},
          {"share", result.work.share},
          {"gflop", result.work.gflop / result.work.share},
          {"gflop_per_second", result.gflop_per_second()},
          {"weight_bytes", result.work.weight_bytes},
          {"peak_growth_bytes", result.peak_growth},
          {"audio_seconds", result.work.audio_seconds},
          {"realtime_factor", result.realtime_factor()}};
}

}  // namespace headroom::bench
