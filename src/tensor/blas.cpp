#include "tensor/blas.h"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include <ATen/Parallel.h>

#include "base/process.h"

namespace headroom {
namespace {

// OpenBLAS's own functions where it is the library that is linked, else nullptr.
template <typename Function>
Function* openblas(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_DEFAULT, name));
}

std::string text_of(const char* name) {
  auto* function = openblas<char*()>(name);
  const char* text = function != nullptr ? function() : nullptr;
  return text != nullptr ? text : "";
}

}  // namespace

BlasInfo blas_info() {
  const auto core = text_of("openblas_get_corename");
  return {core.empty() ? "unknown" : "OpenBLAS", core, text_of("openblas_get_config")};
}

bool blas_kernels_misfit() {
  const auto core = text_of("openblas_get_corename");
  const bool ancient = core == "Prescott" || core == "Core2" || core == "Unknown";
  return ancient && cpu_has("avx2");
}

std::string fitting_blas_core() {
  if (!blas_kernels_misfit()) return "";
  return cpu_has("avx512f") && cpu_has("avx512bw") && cpu_has("avx512vl") ? "SkylakeX" : "Haswell";
}

void restart_with_fitting_settings(char** argv) {
  bool changed = false;
  const auto set = [&](const char* variable, const std::string& value) {
    if (value.empty() || std::getenv(variable) != nullptr) return;
    changed = ::setenv(variable, value.c_str(), 1) == 0 || changed;
  };
  set("OPENBLAS_CORETYPE", fitting_blas_core());
  // Some microseconds of spinning: enough to catch the next loop on an idle machine.
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) set("GOMP_SPINCOUNT", "10000");
  if (!changed) return;
  // By its path, so that the process keeps its name. Returns only if it failed; then the slow way
  // has to do.
  std::error_code code;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", code);
  if (!code) ::execv(self.c_str(), argv);
}

void set_compute_threads(int threads) {
  const auto count =
      threads > 0 ? threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  at::set_num_threads(count);
  if (auto* function = openblas<void(int)>("openblas_set_num_threads")) function(count);
}

}  // namespace headroom
