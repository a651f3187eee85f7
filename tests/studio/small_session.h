// A whole session with the smallest model, every operation through the executor of a budgeted
// device.
#pragma once

#include <cstdint>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "diffusion/noise.h"
#include "studio/conditioning.h"
#include "studio/footprint.h"
#include "studio/memory_plan.h"
#include "studio/model_maker.h"
#include "studio/stream.h"
#include "studio/studio.h"
#include "studio/tasks.h"
#include "temp_folder.h"

namespace headroom::studio {

inline constexpr std::uint64_t kMiB = 1 << 20;

/// The smallest model on disk, its separator with chunks of one second.
class SmallModel {
 public:
  SmallModel() {
    (void)make_model(folder_.path(), ModelSize::tiny, 1, {});
    auto config = separator_config_json(ModelSize::tiny);
    config["chunk_size"] = 44100;
    std::ofstream(folder_.path() / "MelBandRoFormer" / "config.json") << config.dump();
  }
  ModelFolder open() const { return ModelFolder::open(folder_.path()); }
  ModelConfigs configs() const { return open().configs(); }

  /// One for all tests of a program.
  static const SmallModel& shared() {
    static const SmallModel model;
    return model;
  }

 private:
  TempFolder folder_;
};

inline at::Tensor test_audio(double seconds, int rate = 48000, std::uint64_t seed = 8) {
  const auto samples = std::max<std::int64_t>(1, static_cast<std::int64_t>(seconds * rate));
  return diffusion::NoiseGenerator(seed).normal({2, samples}).mul_(0.1);
}

inline StudioSettings small_settings(std::uint64_t memory, bool threaded = false) {
  StudioSettings settings;
  settings.memory = memory;
  settings.precision = Precision::fp32;
  settings.executor.threaded = threaded;
  return settings;
}

/// What plans say of sessions with this model.
inline MemoryPlan small_plan(double seconds, std::uint64_t budget,
                             memory::SeparatorPark park = memory::SeparatorPark::always) {
  PlanRequest request;
  request.configs = SmallModel::shared().configs();
  request.precision = Precision::fp32;
  request.budget = budget;
  request.seconds = seconds;
  request.policy.park = park;
  request.driver = 0;
  return plan_session(request);
}

class SmallSession {
 public:
  explicit SmallSession(Studio& studio, std::string owner = "session")
      : studio_(studio),
        owner_(std::move(owner)),
        tokenizer_(SmallModel::shared().open().load_text_tokenizer()),
        silence_(SmallModel::shared().open().load_silence()),
        stream_(std::make_unique<Stream>(studio, owner_,
                                         diffusion::RingSettings{.steps = 1, .depth = 2})),
        live_(std::make_unique<memory::Executor::Live>(studio.executor(), owner_)) {}

  ~SmallSession() {
    stream_.reset();
    live_.reset();
  }

  memory::TaskInfo info(const std::string& name,
                        memory::Priority priority = memory::Priority::interactive,
                        const std::string& owner = "") const {
    return {.name = name,
            .owner = owner.empty() ? owner_ : owner,
            .priority = priority,
            .deadline = {}};
  }

  at::Tensor encode(const at::Tensor& audio, const std::string& owner = "") {
    EncodeTask task(studio_.networks(), info("encode", memory::Priority::interactive, owner), audio,
                    1);
    studio_.executor().run(task);
    return task.latents();
  }
  at::Tensor hints(const at::Tensor& latents, const std::string& owner = "") {
    HintsTask task(studio_.networks(), info("structure", memory::Priority::interactive, owner),
                   latents, silence_);
    studio_.executor().run(task);
    return task.hints();
  }
  at::Tensor states(const std::string& caption) {
    Prompt prompt;
    prompt.caption = caption;
    ConditionTask task(studio_.networks(), tokenizer_, info("prompt"), prompt,
                       silence_frames(silence_, 50));
    studio_.executor().run(task);
    return task.states();
  }
  void prompt(const std::string& caption) { states_ = states(caption); }

  /// Encodes a source and changes to its plan; on failure the old source plays on.
  void swap(const at::Tensor& audio) {
    const auto latents = encode(audio);
    const auto frames = std::max<std::int64_t>(25, latents.size(1));
    auto context = make_context(hints(latents));
    stream_->lay_out(frames, states_.size(1));
    latents_ = latents;
    context_ = context;
  }
  void open(const at::Tensor& audio, const std::string& caption) {
    prompt(caption);
    swap(audio);
  }

  /// A generation of one step.
  at::Tensor tick() {
    diffusion::Request request;
    request.conditions = {{.states = states_, .mask = {}}};
    request.context = context_;
    request.seed = 4;
    stream_->lay_out(latents_.size(1), states_.size(1));
    return stream_->run(request, memory::Priority::realtime);
  }
  at::Tensor window() {
    WindowTask task(studio_.networks(), info("window", memory::Priority::realtime), latents_,
                    plan_window(latents_.size(1), 0.0, 0.3, false));
    studio_.executor().run(task);
    return task.audio();
  }

  std::unique_ptr<SeparateTask> rip(const at::Tensor& mixture, const std::string& owner,
                                    std::vector<at::Tensor>* stems = nullptr) {
    return std::make_unique<SeparateTask>(
        studio_.residency(), studio_.networks(), info("rip", memory::Priority::background, owner),
        studio_.settings().separator, mixture, 44100, [stems](const at::Tensor& block) {
          if (stems != nullptr) stems->push_back(block.clone());
        });
  }
  /// Phase 1 and 2 of an upload, one after the other; leaves the device as it found it.
  void upload(const at::Tensor& audio, const std::string& owner) {
    const auto retire = [&] {
      studio_.executor().between_steps([&](memory::Residency& r) { r.retire(owner); });
    };
    try {
      (void)hints(encode(audio, owner), owner);
      const auto task =
          rip(audio.narrow(1, 0, std::min<std::int64_t>(audio.size(1), 60'000)), owner);
      studio_.executor().run(*task);
      (void)encode(audio.narrow(1, 0, std::min<std::int64_t>(audio.size(1), 48'000)), owner);
    } catch (...) {
      retire();
      throw;
    }
    retire();
  }

  Studio& studio() { return studio_; }
  Stream& stream() { return *stream_; }
  std::int64_t frames() const { return latents_.defined() ? latents_.size(1) : 0; }

 private:
  Studio& studio_;
  std::string owner_;
  BpeTokenizer tokenizer_;
  at::Tensor silence_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<memory::Executor::Live> live_;
  at::Tensor states_, latents_, context_;
};

/// Empty when every book of a studio at rest agrees.
inline std::string check_books(Studio& studio) {
  std::string wrong;
  studio.executor().between_steps([&](memory::Residency&) {
    const auto usage = studio.device().usage();
    if (usage.used > studio.ledger().leased())
      wrong = "tensors use " + std::to_string(usage.used) + ", leased are " +
              std::to_string(studio.ledger().leased());
    if (studio.ledger().leased() > studio.ledger().budget())
      wrong = "more is leased than the budget";
    for (const auto& event : studio.telemetry().recent()) {
      if (event.what == "defect") wrong = "a bound was exceeded: " + event.json().dump();
    }
    auto& device = dynamic_cast<memory::CpuDevice&>(studio.device());
    if (const auto pool = device.check(); !pool.empty()) wrong = pool;
  });
  return wrong;
}

inline memory::FaultInjector& faults(Studio& studio) {
  return dynamic_cast<memory::CpuDevice&>(studio.device()).faults();
}

}  // namespace headroom::studio
