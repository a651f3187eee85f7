// headroom-rehearse: plays a planned session for real, at the model's own dimensions, on a device
// with that budget, and holds the measured memory against the plan. Audio is noise, and of a source
// only some chunks are encoded: every chunk has the same shape, so further ones cost time and no
// memory. One tick advances one generation: the rows of a tick run one after another in the same
// workspace.
#include <algorithm>
#include <functional>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "diffusion/noise.h"
#include "studio/conditioning.h"
#include "studio/memory_plan.h"
#include "studio/stream.h"
#include "studio/studio.h"
#include "studio/tasks.h"
#include "tensor/blas.h"

namespace headroom::bench {
namespace {

using memory::Priority;

// Two whole chunks of each.
constexpr double kEncodedSeconds = 30.0;
constexpr double kRippedSeconds = 9.0;

struct Options {
  std::string model;
  std::string memory = "6GiB";
  std::string driver = "512MiB";
  std::string precision = "bf16";
  std::string park = "always";
  std::string trace;
  double seconds = 60.0;
  bool json = false;
};

struct Row {
  std::string name;
  std::uint64_t leased = 0;
  std::uint64_t used = 0;
  std::uint64_t reserved = 0;
  double seconds = 0.0;
};

// What the device held at most during an operation of several steps.
struct Peak {
  std::uint64_t used = 0;
  std::uint64_t reserved = 0;

  void see(const memory::DeviceUsage& usage) {
    used = std::max(used, usage.peak_used);
    reserved = std::max(reserved, usage.peak_reserved);
  }
};

// Calls back after the first step.
class Hook : public Progress {
 public:
  explicit Hook(std::function<void()> first) : first_(std::move(first)) {}
  void stage(std::string_view, std::int64_t) override {}
  void step() override {
    if (first_) std::exchange(first_, nullptr)();
  }

 private:
  std::function<void()> first_;
};

class Rehearsal {
 public:
  Rehearsal(const Options& options, studio::Studio& studio)
      : studio_(studio),
        frames_(studio::duration_class(options.seconds) * 25),
        tokenizer_(studio::ModelFolder::open(options.model).load_text_tokenizer()),
        silence_(studio::ModelFolder::open(options.model).load_silence()),
        stream_(studio, "session", {.steps = 1, .depth = 4}) {
    driver_ = lease("driver's context", parse_bytes(options.driver));
    // The executor begins every step with new peaks; some lease changes between two of them.
    studio.telemetry().add_sink([peak = peak_, &device = studio.device()](
                                    const memory::MemoryEvent&) { peak->see(device.usage()); });
  }

  std::vector<Row> run() {
    encode("start: encode", "session");
    hints("start: structure", "session");
    prompt("start: ");
    change();
    tick();
    window();
    encode("upload: encode", "upload");
    hints("upload: structure", "upload");
    rip();
    encode("stems: encode", "upload");
    studio_.residency().retire("upload");
    encode("swap: encode", "session");
    hints("swap: structure", "session");
    prompt("swap: ");
    change();
    tick();
    window();
    return rows_;
  }

 private:
  memory::TaskInfo info(const std::string& owner, Priority priority = Priority::interactive) const {
    return {.name = owner, .owner = owner, .priority = priority, .deadline = {}};
  }
  static at::Tensor noise(at::IntArrayRef shape) {
    return diffusion::NoiseGenerator(3).normal(shape).mul_(0.1);
  }

  memory::Lease lease(const std::string& name, std::uint64_t bytes) {
    auto lease = studio_.residency().lease(
        {.name = name, .purpose = memory::Purpose::context, .bytes = bytes, .owner = "process"});
    if (!lease) throw memory::Refused(name, lease.error());
    return std::move(lease).value();
  }

  void measured(const std::string& name, const std::function<void()>& work) {
    studio_.device().reset_peaks();
    *peak_ = {};
    const auto began = std::chrono::steady_clock::now();
    work();
    peak_->see(studio_.device().usage());
    const auto leased = studio_.ledger().leased();
    rows_.push_back(
        {name, std::max(leased, last_peak()), peak_->used, peak_->reserved,
         std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count()});
    std::cerr << fmt::format("{:<30} leased {:>9}  used {:>9}  reserved {:>9}  {:.1f} s\n", name,
                             human_bytes(rows_.back().leased), human_bytes(rows_.back().used),
                             human_bytes(rows_.back().reserved), rows_.back().seconds);
  }

  // The largest sum of leases since the last row.
  std::uint64_t last_peak() {
    std::uint64_t peak = 0;
    const auto events = studio_.telemetry().recent();
    for (size_t i = seen_; i < events.size(); ++i) peak = std::max(peak, events[i].leased);
    seen_ = events.size();
    return peak;
  }

  void encode(const std::string& name, const std::string& owner) {
    measured(name, [&] {
      const auto& vae = studio_.networks().configs().vae;
      studio::EncodeTask task(
          studio_.networks(), info(owner),
          noise({vae.audio_channels, static_cast<std::int64_t>(
                                         kEncodedSeconds * static_cast<double>(vae.sample_rate))}),
          1);
      studio_.executor().run(task);
    });
  }

  void hints(const std::string& name, const std::string& owner) {
    measured(name, [&] {
      studio::HintsTask task(studio_.networks(), info(owner), latents(), silence_);
      studio_.executor().run(task);
    });
  }

  at::Tensor latents() const {
    return noise({1, frames_, studio_.networks().configs().dit.latent_channels});
  }

  std::unique_ptr<studio::ConditionTask> condition_task() const {
    studio::Prompt prompt;
    prompt.caption = std::string(120, 'a');
    prompt.lyrics = std::string(400, 'b');
    return std::make_unique<studio::ConditionTask>(studio_.networks(), tokenizer_, info("session"),
                                                   prompt, studio::silence_frames(silence_, 750));
  }

  void prompt(const std::string& during) {
    const auto task = condition_task();
    measured(during + "condition", [&] { studio_.executor().run(*task); });
    states_ = task->states();
  }

  void change() {
    measured("plan", [&] { stream_.lay_out(frames_, studio::PromptSize{}.rows()); });
  }

  void tick() {
    measured("tick", [&] {
      diffusion::Request request;
      request.conditions = {{.states = states_, .mask = {}}};
      request.context = studio::make_context(latents());
      request.source = latents();
      request.denoise = 0.9;
      (void)stream_.run(request, Priority::realtime);
    });
  }

  void window() {
    measured("decode window", [&] {
      studio::WindowTask task(studio_.networks(), info("session", Priority::realtime), latents(),
                              studio::plan_window(frames_, 0.0, 0.36, false));
      studio_.executor().run(task);
    });
  }

  // A prompt edit comes after the first chunk.
  void rip() {
    measured("rip with a prompt edit", [&] {
      Hook hook([&] { edit_ = studio_.executor().submit(condition_task()); });
      const auto& config = *studio_.networks().configs().separator;
      studio::SeparateTask task(
          studio_.residency(), studio_.networks(), info("upload", Priority::background),
          studio_.settings().separator,
          noise({config.channels, static_cast<std::int64_t>(kRippedSeconds * config.sample_rate)}),
          config.sample_rate, [](const at::Tensor&) {}, hook);
      studio_.executor().run(task);
      edit_.done.get();
    });
  }

  studio::Studio& studio_;
  std::int64_t frames_;
  BpeTokenizer tokenizer_;
  at::Tensor silence_;
  studio::Stream stream_;
  memory::Lease driver_;
  std::shared_ptr<Peak> peak_ = std::make_shared<Peak>();
  memory::Ticket edit_;
  at::Tensor states_;
  std::vector<Row> rows_;
  size_t seen_ = 0;
};

studio::PlanRequest plan_request(const Options& options) {
  studio::PlanRequest request;
  request.configs = studio::ModelFolder::open(options.model).configs();
  request.precision = studio::parse_precision(options.precision);
  request.budget = parse_bytes(options.memory);
  request.driver = parse_bytes(options.driver);
  request.seconds = options.seconds;
  request.policy.park = memory::parse_separator_park(options.park);
  return request;
}

int run(const Options& options) {
  const auto plan = studio::plan_session(plan_request(options));
  if (!plan.fits) throw Error(ErrorKind::memory, plan.refusal);
  studio::StudioSettings settings;
  settings.memory = parse_bytes(options.memory);
  settings.precision = studio::parse_precision(options.precision);
  settings.separator.park = memory::parse_separator_park(options.park);
  settings.executor.threaded = false;
  studio::Studio studio(studio::ModelFolder::open(options.model), settings);
  if (!options.trace.empty()) studio.telemetry().add_sink(memory::trace_to_file(options.trace));
  const auto rows = Rehearsal(options, studio).run();
  std::uint64_t leased = 0;
  std::uint64_t used = 0;
  std::uint64_t reserved = 0;
  auto list = nlohmann::json::array();
  for (const auto& row : rows) {
    leased = std::max(leased, row.leased);
    used = std::max(used, row.used);
    reserved = std::max(reserved, row.reserved);
    list.push_back({{"name", row.name},
                    {"leased", row.leased},
                    {"used", row.used},
                    {"reserved", row.reserved},
                    {"seconds", row.seconds}});
  }
  auto counts = studio.telemetry().counts();
  const bool good = counts["oom"] == 0 && counts["defect"] == 0 && counts["refused"] == 0;
  const nlohmann::json report{{"good", good},
                              {"planned_peak", plan.peak},
                              {"leased_peak", leased},
                              {"used_peak", used},
                              {"reserved_peak", reserved},
                              {"driver", parse_bytes(options.driver)},
                              {"oom", counts["oom"]},
                              {"bounds_exceeded", counts["defect"]},
                              {"operations", list}};
  if (options.json) {
    std::cout << report.dump(2) << '\n';
  } else {
    fmt::print("planned {}, leased {}, used {} and reserved {} beside the driver's {}: {}\n",
               human_bytes(plan.peak), human_bytes(leased), human_bytes(used),
               human_bytes(reserved), options.driver,
               good ? "the plan holds" : "THE PLAN DOES NOT HOLD");
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace headroom::bench

int main(int argc, char** argv) {
  headroom::restart_with_fitting_settings(argv);
  CLI::App app(
      "Plays a planned session for real on a device with that budget; exits with 1 when the "
      "plan does not hold.");
  headroom::bench::Options options;
  app.add_option("--model", options.model, "Folder of a model")->required();
  app.add_option("--memory", options.memory, "Budget")->capture_default_str();
  app.add_option("--driver", options.driver, "Part of it that is the driver's")
      ->capture_default_str();
  app.add_option("--duration", options.seconds, "Seconds of the source")->capture_default_str();
  app.add_option("--precision", options.precision, "bf16 or fp32")->capture_default_str();
  app.add_option("--separator-park", options.park, "always, auto, never")->capture_default_str();
  app.add_option("--trace", options.trace,
                 "Record every transition here, for headroom plan --trace");
  app.add_flag("--json", options.json, "One JSON object on standard output");
  CLI11_PARSE(app, argc, argv);
  headroom::set_compute_threads(0);
  try {
    return headroom::bench::run(options);
  } catch (const std::exception& error) {
    std::cerr << "headroom-rehearse: " << error.what() << '\n';
    return 1;
  }
}
