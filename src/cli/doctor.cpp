#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <torch/csrc/api/include/torch/version.h>

#include "audio/file.h"
#include "base/error.h"
#include "base/pending_file.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/self_test.h"
#include "tensor/blas.h"
#include "verify/verify.h"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

struct Finding {
  bool good;
  std::string name;
  std::string text;
  std::string remedy;  // empty when good
};

// fp32 speed of one matrix product in GFLOP/s: tells at once whether a real BLAS is at work.
double matrix_speed() {
  constexpr std::int64_t n = 768;
  const auto a = at::ones({n, n});
  const auto b = at::ones({n, n});
  (void)at::mm(a, b);
  const auto began = std::chrono::steady_clock::now();
  constexpr int runs = 4;
  for (int i = 0; i < runs; ++i) (void)at::mm(a, b);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return runs * 2.0 * n * n * n / seconds / 1e9;
}

Finding check_blas() {
  const auto info = blas_info();
  Finding finding{true, "blas",
                  fmt::format("{} {}, {:.0f} GFLOP/s", info.library, info.core, matrix_speed()),
                  ""};
  if (info.library == "unknown") {
    finding.good = false;
    finding.remedy =
        "install OpenBLAS (Debian: libopenblas0-pthread); the reference BLAS is tens of times "
        "slower";
  } else if (blas_kernels_misfit()) {
    finding.good = false;
    finding.remedy = fmt::format("this OpenBLAS does not know the CPU; set OPENBLAS_CORETYPE={}",
                                 fitting_blas_core());
  }
  return finding;
}

// A golden goes through a file because that is the way a user's goldens go.
Finding check_self_test() {
  const auto folder = fs::temp_directory_path();
  PendingFile file(folder / fmt::format("headroom-self-test-{}.safetensors", ::getpid()));
  const auto bytes = built_in_golden();
  std::ofstream(file.path(), std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  const auto report = verify::verify_file(file.path());
  double worst = 0.0;
  for (const auto& tensor : report.tensors) worst = std::max(worst, tensor.share);
  return {report.passed, "self-test",
          fmt::format("{} {}: largest error is {:.2g} of its tolerance", report.kind,
                      report.passed ? "passed" : "FAILED", worst),
          report.passed ? ""
                        : "this build computes something else than it should; try the release "
                          "preset and Debian's libtorch"};
}

Finding check_memory() {
  constexpr std::uint64_t least = std::uint64_t{4} << 30;
  const auto bytes = physical_memory_bytes();
  return {bytes >= least, "memory", human_bytes(bytes),
          bytes >= least ? "" : "at least 4 GiB are needed to run the real models"};
}

Finding check_device() {
  const bool cuda = at::hasCUDA();
  return {
      true, "device",
      cuda ? fmt::format("CUDA, {} devices", at::getNumGPUs()) : "CPU (this libtorch has no CUDA)",
      ""};
}

Finding check_threads() {
  return {true, "threads",
          fmt::format("{} of {} CPUs", at::get_num_threads(), std::thread::hardware_concurrency()),
          ""};
}

std::string instruction_sets() {
  std::string found;
  for (const char* flag : {"avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16"}) {
    if (cpu_has(flag)) found += (found.empty() ? "" : " ") + std::string(flag);
  }
  return found.empty() ? "no vector extensions that libtorch uses" : found;
}

Outcome run() {
  const std::vector<Finding> findings{
      {true, "headroom", fmt::format("{}, libtorch {}", HEADROOM_VERSION, TORCH_VERSION), ""},
      {true, "cpu", fmt::format("{} ({})", cpu_name(), instruction_sets()), ""},
      check_memory(),
      check_device(),
      check_threads(),
      check_blas(),
      {true, "audio files", audio_library_version(), ""},
      check_self_test(),
  };
  Outcome outcome;
  outcome.data["checks"] = nlohmann::json::array();
  for (const auto& finding : findings) {
    outcome.data["checks"].push_back({{"name", finding.name},
                                      {"good", finding.good},
                                      {"text", finding.text},
                                      {"remedy", finding.remedy}});
    outcome.text +=
        fmt::format("{} {:<12} {}\n", finding.good ? "ok  " : "BAD ", finding.name, finding.text);
    if (!finding.good) outcome.text += fmt::format("     {:<12} → {}\n", "", finding.remedy);
    if (!finding.good) outcome.status = 1;
  }
  outcome.data["good"] = outcome.status == 0;
  return outcome;
}

}  // namespace

Command add_doctor(CLI::App& app) {
  auto* command = app.add_subcommand(
      "doctor", "What this machine has, what this build can do, and a self-test");
  return {command, [](const Common&, Progress&) { return run(); }};
}

}  // namespace headroom::cli
