#include "cli/command.h"

#include <charconv>
#include <cmath>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"

namespace headroom::cli {

void ModelOption::add_to(CLI::App& app) {
  app.add_option(
         "--model", path,
         "Model folder (holds acestep-v15-…/, vae/, Qwen3-Embedding-0.6B/, MelBandRoFormer/); "
         "default: the environment variable HEADROOM_MODEL, else the built-in model \"sketch\"")
      ->check([](const std::string& folder) {
        return folder.empty()
                   ? std::string("no folder is named; leave it out for the built-in model")
                   : std::string();
      });
  app.add_option("--variant", variant, "Which acestep-v15-… folder, when there are several");
}

studio::ModelFolder ModelOption::open() const {
  const char* environment = std::getenv("HEADROOM_MODEL");
  if (!path.empty()) return studio::ModelFolder::open(path, variant);
  if (environment != nullptr && *environment != '\0')
    return studio::ModelFolder::open(environment, variant);
  return studio::ModelFolder::open(built_in_model(), variant);
}

std::filesystem::path built_in_model() {
  namespace fs = std::filesystem;
  std::error_code code;
  const auto installed =
      fs::read_symlink("/proc/self/exe", code).parent_path() / "../share/headroom/sketch";
  for (const fs::path& folder : {installed, fs::path(HEADROOM_SKETCH)})
    if (fs::is_directory(folder, code)) return folder.lexically_normal();
  throw Error(
      ErrorKind::usage,
      fmt::format("no model given, and the built-in one is not at {}; use --model DIR or set "
                  "HEADROOM_MODEL",
                  installed.lexically_normal().string()));
}

namespace {

volatile std::sig_atomic_t stop_signal = 0;

}  // namespace

void catch_stop_signals() {
  for (const int stop : {SIGINT, SIGTERM}) std::signal(stop, [](int) { stop_signal = 1; });
}

bool stop_asked() { return stop_signal != 0; }

void StudioOption::add_to(CLI::App& app) {
  model.add_to(app);
  app.add_option("--memory", memory,
                 "Device memory to use at most, such as 8GiB; default: all that there is");
  app.add_option("--leave-free", leave_free,
                 "Device memory to keep free for other programs, such as 4GiB");
  app.add_option("--precision", precision, "fp32 or bf16; default: bf16 on a GPU, fp32 on the CPU");
}

studio::StudioSettings StudioOption::settings() const {
  studio::StudioSettings settings;
  if (!memory.empty()) settings.memory = parse_bytes(memory);
  if (!leave_free.empty()) settings.leave_free = parse_bytes(leave_free);
  if (!precision.empty()) settings.precision = studio::parse_precision(precision);
  return settings;
}

std::unique_ptr<studio::Studio> StudioOption::open(studio::ModelParts parts) const {
  auto chosen = settings();
  chosen.parts = parts;
  return std::make_unique<studio::Studio>(model.open(), chosen);
}

CLI::Option* add_seed(CLI::App& app, std::uint64_t& seed, const std::string& what) {
  const auto check = [](const std::string& text) -> std::string {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return "";
    return fmt::format("'{}' is not a whole number from 0 to 2^64 - 1", printable(text));
  };
  return app.add_option("--seed", seed, what)->capture_default_str()->check(check);
}

std::string clock_text(double seconds) {
  const auto minutes = static_cast<std::int64_t>(seconds / 60.0);
  return fmt::format("{}:{:06.3f}", minutes, seconds - 60.0 * static_cast<double>(minutes));
}

Meter::Meter() : began_(std::chrono::steady_clock::now()) {}

void Meter::add_to(Outcome& outcome) const {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  const auto peak = peak_resident_bytes();
  outcome.data["seconds"] = seconds;
  outcome.data["peak_memory_bytes"] = peak;
  outcome.text += fmt::format("took {:.1f} s, peak memory {}\n", seconds, human_bytes(peak));
}

}  // namespace headroom::cli
