// What all subcommands of `headroom` share.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/json.h"
#include "base/progress.h"
#include "studio/studio.h"

namespace headroom::cli {

/// Options that every subcommand takes.
struct Common {
  bool json = false;   // one JSON object on stdout instead of text
  bool quiet = false;  // no progress bars
  int threads = 0;     // 0: one per CPU
  std::string log_level = "warn";
};

/// What a command has to say: both forms are made by the command, main prints one of them.
struct Outcome {
  nlohmann::json data;
  std::string text;
  int status = 0;
};

/// A subcommand registers itself with its options and returns what runs it.
struct Command {
  CLI::App* app = nullptr;
  std::function<Outcome(const Common&, Progress&)> run;
};

Command add_analyze(CLI::App& app);
Command add_bench(CLI::App& app);
Command add_cover(CLI::App& app);
Command add_decode(CLI::App& app);
Command add_doctor(CLI::App& app);
Command add_encode(CLI::App& app);
Command add_generate(CLI::App& app);
Command add_inspect(CLI::App& app);
Command add_make_model(CLI::App& app);
Command add_mcp(CLI::App& app);
Command add_plan(CLI::App& app);
Command add_repaint(CLI::App& app);
Command add_serve(CLI::App& app);
Command add_stems(CLI::App& app);
Command add_verify(CLI::App& app);

/// `--model` and `--variant`, shared by the commands that run networks.
struct ModelOption {
  std::string path;
  std::string variant;

  void add_to(CLI::App& app);
  /// That of --model, else of HEADROOM_MODEL, else built_in_model(). Throws Error(usage) when there
  /// is none of them.
  studio::ModelFolder open() const;
};

/// Where the model "sketch" lies: ../share/headroom/sketch beside an installed program, or in the
/// sources that this one was built from.
std::filesystem::path built_in_model();

/// A model on a device with a budget, for the commands that run networks on it.
struct StudioOption {
  ModelOption model;
  std::string memory;
  std::string leave_free;
  std::string precision;

  void add_to(CLI::App& app);
  studio::StudioSettings settings() const;
  std::unique_ptr<studio::Studio> open(studio::ModelParts parts) const;
};

/// Adds `--seed`: a whole number of 64 bits, nothing that would wrap or saturate into one.
CLI::Option* add_seed(CLI::App& app, std::uint64_t& seed, const std::string& what);

/// SIGINT and SIGTERM ask for an orderly end from now on, instead of ending the process.
void catch_stop_signals();
bool stop_asked();

/// Seconds as "3:25.040".
std::string clock_text(double seconds);

/// Peak memory and wall time since `began`, for the end of an Outcome.
class Meter {
 public:
  Meter();
  void add_to(Outcome& outcome) const;

 private:
  std::chrono::steady_clock::time_point began_;
};

}  // namespace headroom::cli
