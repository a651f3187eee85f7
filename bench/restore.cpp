// headroom-restore: what bringing components back costs. The separator is restored through the pool
// from its mapped file, beside a plain memcpy of as many bytes from the same file into newly
// allocated memory; then each rung of the ladder of idleness is climbed back: how much it holds,
// how long a tick and a window take from there.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "studio/studio.h"
#include "tensor/blas.h"

namespace headroom::bench {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Every tensor of the file into fresh memory, as one copy could do it.
double plain_copy(const studio::ModelFolder::SeparatorFile& file) {
  std::vector<at::Tensor> tensors;
  auto checkpoint = file.checkpoint;
  for (const auto& entry : checkpoint.entries())
    tensors.push_back(checkpoint.get(entry.name, entry.shape));
  const auto total = file.bytes();
  return seconds_of([&] {
    const std::unique_ptr<char[]> fresh(new char[total]);
    size_t at = 0;
    for (const auto& tensor : tensors) {
      std::memcpy(fresh.get() + at, tensor.data_ptr(), tensor.nbytes());
      at += tensor.nbytes();
    }
  });
}

nlohmann::json measure_copy(studio::Studio& studio, const std::string& model, int repeats) {
  const auto file = studio::ModelFolder::open(model).open_separator();
  auto& residency = studio.residency();
  auto& separator = studio.networks().require_separator();
  const auto restore = [&] { residency.restore(separator, "bench"); };
  restore();
  std::vector<double> restored;
  std::vector<double> copied;
  for (int i = 0; i < repeats; ++i) {
    residency.park(separator);
    residency.trim();
    restored.push_back(seconds_of(restore));
    copied.push_back(plain_copy(file));
  }
  const auto gb = static_cast<double>(file.bytes()) / 1e9;
  return {{"bytes", file.bytes()},
          {"restore_gb_per_s", gb / median(restored)},
          {"memcpy_gb_per_s", gb / median(copied)},
          {"ratio", median(copied) / median(restored)}};
}

nlohmann::json measure_ladder(studio::Studio& studio) {
  auto& residency = studio.residency();
  const auto& networks = studio.networks();
  memory::Component* const stream[] = {networks.dit.component, networks.vae_decoder.component};
  const auto wake = [&] {
    return seconds_of([&] {
      for (auto* component : stream) residency.restore(*component, "bench");
    });
  };
  auto ladder = nlohmann::json::array();
  const auto rung = [&](const char* name) {
    const auto usage = studio.device().usage();
    ladder.push_back({{"rung", name},
                      {"used", usage.used},
                      {"reserved", usage.reserved},
                      {"wake_seconds", wake()}});
  };
  (void)wake();
  rung("live");
  residency.park_idle();
  rung("parked");
  residency.park_idle();
  residency.trim();
  rung("trimmed");
  return ladder;
}

}  // namespace
}  // namespace headroom::bench

int main(int argc, char** argv) {
  using namespace headroom;
  restart_with_fitting_settings(argv);
  CLI::App app("What restoring components costs, beside a plain memcpy in the same run.");
  std::string model;
  std::string precision = "bf16";
  int repeats = 7;
  app.add_option("--model", model, "Folder of a model")->required();
  app.add_option("--precision", precision, "bf16 or fp32")->capture_default_str();
  app.add_option("--repeats", repeats, "Median of so many")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  set_compute_threads(0);
  try {
    studio::StudioSettings settings;
    settings.memory = 12ULL << 30;
    settings.precision = studio::parse_precision(precision);
    settings.executor.threaded = false;
    studio::Studio studio(studio::ModelFolder::open(model), settings);
    const nlohmann::json report{{"separator", bench::measure_copy(studio, model, repeats)},
                                {"ladder", bench::measure_ladder(studio)}};
    std::cout << report.dump(2) << '\n';
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "headroom-restore: " << error.what() << '\n';
    return 1;
  }
}
