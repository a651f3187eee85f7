#include <fmt/format.h>

#include "base/text.h"
#include "cli/command.h"
#include "studio/model_maker.h"

namespace headroom::cli {
namespace {

struct Options {
  std::string folder;
  std::string size = "tiny";
  bool tiny = false;
  std::uint64_t seed = 1;
  std::vector<std::string> parts;
};

Outcome run(const Options& options, Progress& progress) {
  const Meter meter;
  const auto size = options.tiny ? studio::ModelSize::tiny : studio::parse_model_size(options.size);
  const auto made = studio::make_model(options.folder, size, options.seed, options.parts, progress);
  Outcome outcome;
  outcome.data = {{"folder", options.folder}, {"parts", nlohmann::json::array()}};
  for (const auto& part : made) {
    outcome.data["parts"].push_back(
        {{"name", part.name}, {"tensors", part.tensors}, {"bytes", part.bytes}});
    outcome.text +=
        fmt::format("{:<24} {:>5} tensors  {}\n", part.name, part.tensors, human_bytes(part.bytes));
  }
  meter.add_to(outcome);
  return outcome;
}

}  // namespace

Command add_make_model(CLI::App& app) {
  auto* command =
      app.add_subcommand("make-model", "A model folder of random weights in the published layout");
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->folder, "Folder to fill; made when missing")->required();
  command->add_option("--size", options->size, "tiny, 2b (6.5 GB) or xl (12 GB)")
      ->capture_default_str();
  command->add_flag("--tiny", options->tiny, "The same as --size tiny");
  add_seed(*command, options->seed, "Equal seeds give equal files");
  command->add_option("--parts", options->parts, "Only these: dit, vae, text, separator")
      ->delimiter(',');
  return {command,
          [options](const Common&, Progress& progress) { return run(*options, progress); }};
}

}  // namespace headroom::cli
