#include "verify/verify.h"

#include <fmt/format.h>

#include "base/error.h"
#include "cli/command.h"
#include "verify/report.h"

namespace headroom::cli {
namespace {

// A file that cannot be read is this file's failure; the others are still checked.
Outcome run(const std::vector<std::string>& files, Progress& progress) {
  Outcome outcome;
  outcome.data["files"] = nlohmann::json::array();
  size_t passed = 0;
  progress.stage("verify", static_cast<std::int64_t>(files.size()));
  for (const auto& file : files) {
    try {
      const auto report = verify::verify_file(file);
      passed += report.passed ? 1 : 0;
      outcome.data["files"].push_back(verify::to_json(report));
      outcome.text += verify::to_text(report);
    } catch (const Error& error) {
      outcome.data["files"].push_back({{"file", file}, {"passed", false}, {"error", error.what()}});
      outcome.text += fmt::format("{}: FAIL: {}\n", file, error.what());
      if (files.size() == 1) throw;
    }
    progress.step();
  }
  outcome.data["passed"] = passed == files.size();
  outcome.text += fmt::format("{} of {} files passed\n", passed, files.size());
  outcome.status = passed == files.size() ? 0 : 1;
  return outcome;
}

}  // namespace

Command add_verify(CLI::App& app) {
  auto* command = app.add_subcommand(
      "verify", "Check this build against recorded results of the reference implementations");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("FILE", *files, "Golden files (.safetensors, or the tokenizer's .json)")
      ->required();
  return {command, [files](const Common&, Progress& progress) { return run(*files, progress); }};
}

}  // namespace headroom::cli
