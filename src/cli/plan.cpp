#include <fstream>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "base/pending_file.h"
#include "base/text.h"
#include "cli/command.h"
#include "memory/trace_picture.h"
#include "studio/memory_plan.h"
#include "studio/model_maker.h"

namespace headroom::cli {
namespace {

struct Options {
  std::string memory = "8GiB";
  double seconds = 240.0;
  std::string precision = "bf16";
  std::string driver = "512MiB";
  bool no_stems = false;
  std::string park = "always";
  std::string model = "2b";
  std::string trace;
  std::string output;
};

// A made size, or the folder of a model.
studio::ModelConfigs configs_of(const std::string& model) {
  if (model == "tiny" || model == "2b" || model == "xl")
    return studio::made_configs(studio::parse_model_size(model));
  return studio::ModelFolder::open(model).configs();
}

Outcome draw(const Options& options) {
  const auto events = memory::load_trace(options.trace);
  const auto target = options.output.empty() ? options.trace + ".svg" : options.output;
  PendingFile pending(target);
  std::ofstream file(pending.path(), std::ios::binary);
  file << memory::draw_trace(events);
  file.close();
  if (!file)
    throw Error(ErrorKind::output, fmt::format("{}: cannot be written", printable(target)));
  pending.commit();
  return {{{"output", target}, {"events", events.size()}},
          fmt::format("{}: {} events\n", target, events.size())};
}

Outcome run(const Options& options) {
  if (!options.trace.empty()) return draw(options);
  studio::PlanRequest request;
  request.configs = configs_of(options.model);
  request.precision = studio::parse_precision(options.precision);
  request.budget = parse_bytes(options.memory);
  request.driver = parse_bytes(options.driver);
  request.seconds = options.seconds;
  request.stems = !options.no_stems && request.configs.separator.has_value();
  request.policy.park = memory::parse_separator_park(options.park);
  auto plan = studio::plan_session(request);
  plan.copy_rate = studio::measure_copy_rate();
  return {plan.json(), plan.text(), plan.fits ? 0 : 1};
}

}  // namespace

Command add_plan(CLI::App& app) {
  auto* command = app.add_subcommand(
      "plan",
      "Whether a session fits into a device's memory, and how: what is resident when, the chunks "
      "chosen, the peak of every operation. Needs no device. Exits with 1 and the smallest budget "
      "that does when it does not fit");
  auto options = std::make_shared<Options>();
  command->add_option("--memory", options->memory, "Budget, e.g. 6GiB or 800MiB")
      ->capture_default_str();
  command->add_option("--duration", options->seconds, "Longest source in seconds")
      ->check(CLI::Range(1.0, 240.0))
      ->capture_default_str();
  command->add_option("--model", options->model, "tiny, 2b, xl, or the folder of a model")
      ->capture_default_str();
  command->add_option("--precision", options->precision, "bf16 as on a GPU, fp32 as on the CPU")
      ->capture_default_str();
  command->add_option("--driver", options->driver, "What the driver takes for the process itself")
      ->capture_default_str();
  command->add_flag("--no-stems", options->no_stems, "Without separation of vocals");
  command
      ->add_option("--separator-park", options->park,
                   "Whether encoders leave for the separator: always, auto, never")
      ->capture_default_str();
  command->add_option("--trace", options->trace,
                      "Draw a run's recorded memory (JSON lines) as an SVG instead");
  command->add_option("-o,--output", options->output, "Where the picture goes; default: TRACE.svg");
  return {command, [options](const Common&, Progress&) { return run(*options); }};
}

}  // namespace headroom::cli
