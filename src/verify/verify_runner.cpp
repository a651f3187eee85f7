// The realtime runner's decisions on a virtual clock, with a toy engine.
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "diffusion/playhead.h"
#include "diffusion/prompt_blend.h"
#include "diffusion/runner_plan.h"
#include "diffusion/window_plan.h"
#include "studio/chunks.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

using namespace diffusion;
using nlohmann::json;

constexpr std::int64_t kBurst = 8;  // ticks of a burst's period, the second half of it silent
constexpr double kNear = 1e-4;
constexpr std::int64_t kChannels = 2;
// What the recording's toy sources hold: frame numbers, from these on and in these steps.
constexpr double kSwappedSource = 1000.0;
constexpr double kSwappedContext = 5000.0;
constexpr double kSilence = -5.0;
// Of the virtual clock, which the recording took from a running one: differences of such times fall
// a rounding error short of whole samples.
constexpr double kStart = 1000.0;

double rounded(double value, double unit) { return std::nearbyint(value / unit) * unit; }

// Two values [T] side by side, as a latent [1, T, 2].
at::Tensor latent_of(const at::Tensor& first, const at::Tensor& second) {
  return at::stack({first, second}, 1).unsqueeze(0);
}

// One scenario: the loop of the reference (R1) with Headroom's decisions in it.
class Scenario {
 public:
  Scenario(const json& config, const std::string& label)
      : config_(config), label_(label), idle_(config.value("idle", 0.0), kStart) {
    frames_ = field<std::int64_t>(config, "frames", label);
    knobs_ = config.value("knobs", json::object());
    make_source(0.0, 0.0, 2.0);
    buffer_.assign(static_cast<size_t>(frames_ * kSamplesPerFrame * kChannels), 0.0F);
  }

  void run() {
    const auto last = field<std::int64_t>(config_, "iters", label_);
    for (std::int64_t i = 0; i <= last; ++i) {
      apply_events();
      iterations_.push_back({i, now_ - kStart, ticks_, decodes_.size(), writes_.size()});
      apply_knobs(i);
      iterate(i);
    }
  }

  // Everything that came out otherwise than recorded, or nothing.
  std::string differences() const;

 private:
  void make_source(double first_source, double first_context, double context_step) {
    const auto count = at::arange(frames_, at::kFloat);
    source_ = latent_of(count + first_source, count);
    context_ = latent_of(count * context_step + first_context, count);
  }

  void apply_events() {
    const auto events = config_.value("events", json::array());
    for (; event_ < events.size() && events[event_].at(0).get<double>() <= now_ - kStart + 1e-9;
         ++event_) {
      const auto& event = events[event_];
      const auto what = event.at(1).get<std::string>();
      if (what == "position") {
        reported_ = event.at(2).get<double>();
      } else if (what == "band") {
        band_.reset();
        if (event.at(2).is_array()) band_ = LoopBand{event.at(2).at(0), event.at(2).at(1)};
        idle_.touch(now_);
      } else if (what == "activity") {
        idle_.touch(now_);
      } else if (what == "swap") {
        frames_ = event.at(2).get<std::int64_t>();
        make_source(kSwappedSource, kSwappedContext, 1.0);
        buffer_.assign(static_cast<size_t>(frames_ * kSamplesPerFrame * kChannels), 0.0F);
        history_.clear();
        cached_ = at::Tensor();
        idle_.touch(now_);
      } else {
        throw Error(ErrorKind::input,
                    fmt::format("{}: unknown event '{}'", label_, printable(what)));
      }
    }
  }

  void apply_knobs(std::int64_t iteration) {
    const auto updates = config_.value("knob_updates", json::object());
    const auto key = fmt::format("{}", iteration);
    if (!updates.contains(key)) return;
    for (const auto& [name, value] : updates[key].items()) knobs_[name] = value;
    idle_.touch(now_);
  }

  double window() const { return config_.value("vae_window", 0.36); }
  double buffer_seconds() const { return static_cast<double>(frames_) / kFrameRate; }
  std::int64_t buffer_samples() const { return frames_ * kSamplesPerFrame; }
  double lead() const {
    const auto limits = config_.value("advance", std::vector<double>{0.5, 0.5});
    return mean_.seconds(limits.at(0), limits.at(1));
  }

  double playhead() {
    playhead_.report(static_cast<std::int64_t>(reported_ * kSampleRate), 0.0, now_);
    return static_cast<double>(playhead_.sample(now_, buffer_samples())) / kSampleRate;
  }

  void iterate(std::int64_t iteration) {
    const auto activity = idle_.decide(now_, cached_.defined(), buffer_seconds());
    if (activity == Activity::resting) {
      now_ += kRestPause;
      return;
    }
    choose_walk();
    const double begin = now_;
    at::Tensor latent;
    if (activity == Activity::replaying) {
      now_ += kReplayPause;
      latent = cached_;
    } else {
      plan(iteration);
      latent = tick();
    }
    if (!latent.defined()) return;
    // The reference keeps and counts a replayed latent as if it were new; only counted here.
    ++generations_;
    if (activity == Activity::working) history_.push(latent);
    cached_ = latent;
    decode(latent);
    mean_.note(now_ - begin);
  }

  void choose_walk() {
    if (!config_.value("walk", false)) return;
    const auto before = walk_;
    walk_ =
        walk_window(frames_, buffer_seconds(), playhead(), lead(), config_.value("walk_s", 60.0));
    const bool moved = walk_.has_value() != before.has_value() ||
                       (walk_ && walk_->begin_frame != before->begin_frame);
    if (!moved) return;
    history_.clear();
    cached_ = at::Tensor();
  }

  at::Tensor tick() {
    const bool silent = config_.value("name", "") == "burst" && ticks_ % kBurst >= kBurst / 2;
    ++ticks_;
    now_ += field<double>(config_, "tick_cost", label_);
    if (silent) return {};
    const auto length = walk_ ? walk_->frames : frames_;
    const auto count = at::arange(length, at::kFloat);
    return latent_of(at::full_like(count, 10.0 * static_cast<double>(ticks_)), count);
  }

  void plan(std::int64_t iteration);
  void note_strengths(std::int64_t iteration);

  // The toy decoder repeats each frame for as long as it lasts.
  std::vector<float> decoded(const at::Tensor& latent, const studio::Window& window) const {
    std::vector<float> samples;
    const auto values = latent.accessor<float, 3>();
    for (std::int64_t k = 0; k < window.keep_count; ++k) {
      const auto frame = window.frames.at(static_cast<size_t>(window.keep_begin + k));
      for (std::int64_t s = 0; s < kSamplesPerFrame; ++s) {
        samples.push_back(values[0][frame][0]);
        samples.push_back(values[0][frame][1]);
      }
    }
    return samples;
  }

  studio::Window plan_at(const at::Tensor& latent, double start) {
    decodes_.push_back({start, walk_ || window() <= 0.0 ? 0.0 : 1.0});
    now_ += config_.value("dec_cost", 0.0);
    return studio::plan_window(latent.size(1), start, window(), !walk_);
  }

  void decode(const at::Tensor& latent) {
    const double heard = playhead();
    const auto band = walk_ ? std::nullopt : band_;
    const Clip clip{buffer_seconds(), band};
    if (window() <= 0.0) {
      (void)plan_at(latent, 0.0);
      callbacks_.push_back({json(nullptr), json(nullptr), buffer_samples()});
      return;
    }
    const double target = decode_target(clip, heard, lead(), window());
    const auto in_force = band_in_force(clip, heard);
    const auto begin_frame = walk_ ? walk_->begin_frame : 0;
    const auto planned =
        plan_at(latent, walk_ ? walk_decode_start(*walk_, target, window()) : target);
    const auto samples = decoded(latent, planned);
    const auto begin = (planned.at + begin_frame) * kSamplesPerFrame;
    const auto count = planned.keep_count * kSamplesPerFrame;
    const auto write = cut_window(begin, count, buffer_samples(), in_force);
    store(samples, write, begin + count);
    if (!in_force) return;
    const auto again = wrapped_write(begin, count, *in_force);
    if (!again) return;
    const auto second = plan_at(latent, in_force->begin);
    store(decoded(latent, second), *again, again->begin + again->count);
  }

  void store(const std::vector<float>& samples, const WindowWrite& write, std::int64_t end) {
    write_window(buffer_, samples, kChannels, write);
    writes_.push_back({write.begin, write.count});
    callbacks_.push_back({write.begin, end, write.count});
  }

  const json& config_;
  std::string label_;
  json knobs_;
  std::int64_t frames_ = 0;
  at::Tensor source_, context_, cached_;
  std::vector<float> buffer_;
  double now_ = kStart;
  double reported_ = 0.0;
  std::optional<LoopBand> band_;
  std::optional<WalkWindow> walk_;
  std::size_t event_ = 0;
  std::int64_t ticks_ = 0;
  std::int64_t generations_ = 0;
  IdleClock idle_;
  Playhead playhead_{kStart};
  MeanLead mean_;
  FeedbackHistory history_;
  RunnerPlanner planner_{SessionKind::ode};
  RunnerPlan last_plan_;
  std::optional<double> last_strength_;
  json iterations_ = json::array();
  json decodes_ = json::array();
  json writes_ = json::array();
  json callbacks_ = json::array();
  json plans_ = json::array();
  json shared_ = json::array();
  json strengths_ = json::array();
};

json ends_of(const at::Tensor& latent) {
  return {latent[0][0][0].item<double>(), latent[0][latent.size(1) - 1][0].item<double>()};
}

json scalar_of(const Curve& curve) {
  return curve.defined() ? json(curve.values().reshape({-1})[0].item<double>()) : json(nullptr);
}

// null, a number, or [first, last, length].
json shared_value(const Curve& curve) {
  if (!curve.defined() || curve.frames() == 1) return scalar_of(curve);
  const auto values = curve.values().reshape({-1});
  return {values[0].item<double>(), values[-1].item<double>(), values.size(0)};
}

json correction_of(const RunnerPlan& plan) {
  const bool on = plan.dcw.has_value();
  const auto dcw = plan.dcw.value_or(DcwSettings{});
  const char* modes[] = {"low", "high", "double", "pix"};
  const char* wavelets[] = {"haar", "db4", "sym8", "db8"};
  json advanced = nullptr;
  if (dcw.advanced.any())
    advanced = {dcw.advanced.mult_blend, dcw.advanced.mag_phase, dcw.advanced.soft_thresh};
  return {on,
          modes[static_cast<int>(dcw.mode)],
          scalar_of(dcw.scaler),
          scalar_of(dcw.high_scaler),
          wavelets[static_cast<int>(dcw.wavelet)],
          advanced};
}

json mode_of(const std::optional<GuidanceMode>& mode) {
  if (!mode) return nullptr;
  const char* names[] = {"full", "initialize", "self"};
  return names[static_cast<int>(*mode)];
}

void Scenario::plan(std::int64_t iteration) {
  const auto own = [&](const at::Tensor& whole) {
    return walk_ ? whole.narrow(1, walk_->begin_frame, walk_->frames) : whole;
  };
  auto source = own(source_);
  last_plan_ = planner_.plan(knobs_, source.size(1));
  const auto& plan = last_plan_;
  source = history_.mix(source, plan.feedback, plan.feedback_depth, BlendKind::linear);
  const auto context = structure_hint(at::full_like(own(context_), kSilence), own(context_),
                                      plan.hint, BlendKind::linear);
  plans_.push_back({{"tick", ticks_},
                    {"denoise", plan.denoise},
                    {"seed", plan.seed},
                    {"shift", plan.shift},
                    {"steps", plan.steps},
                    {"source_frames", source.size(1)},
                    {"source_first", ends_of(source)},
                    {"context_first", ends_of(context)},
                    {"guidance", scalar_of(plan.guidance_scale)},
                    {"cfg_rescale", scalar_of(plan.rescale)},
                    {"rcfg", mode_of(plan.guidance)},
                    {"has_negative", plan.wants_negative},
                    {"x0_curve", plan.target_curve.defined()},
                    {"dcw", correction_of(plan)}});
  shared_.push_back({ticks_, "sde_denoise_curve", shared_value(plan.sde_denoise)});
  shared_.push_back({ticks_, "velocity_scale", shared_value(plan.velocity_scale)});
  shared_.push_back({ticks_, "x0_target_strength", shared_value(plan.target_strength)});
  note_strengths(iteration);
}

// The reference's gate (FIX-10): against the knob's last value, not against what is applied.
void Scenario::note_strengths(std::int64_t iteration) {
  const auto knob = knobs_.find("lora_str_x");
  if (knob == knobs_.end()) return;
  const double strength = knob->get<double>();
  if (!last_strength_ || std::abs(strength - *last_strength_) > StrengthGate::step)
    strengths_.push_back({iteration, "x", strength});
  last_strength_ = strength;
}

// Whether two tables agree, numbers within 1e-4 and samples within one.
bool agree(const json& a, const json& b) {
  if (a.is_number() && b.is_number())
    return std::abs(a.get<double>() - b.get<double>()) <=
           (a.is_number_integer() && b.is_number_integer() ? 0.0 : kNear);
  if (a.is_structured() && b.is_structured() && a.type() == b.type() && a.size() == b.size()) {
    for (const auto& [key, value] : a.items()) {
      const auto& other = a.is_object() ? b.value(key, json(nullptr)) : b[std::stoul(key)];
      if (!agree(value, other)) return false;
    }
    return true;
  }
  return a == b;
}

std::string Scenario::differences() const {
  std::vector<std::string> wrong;
  const auto hold = [&](const char* name, const json& found) {
    const auto expected = config_.value(name, json::array());
    if (agree(found, expected)) return;
    for (size_t i = 0; i < std::max(found.size(), expected.size()); ++i) {
      const auto f = i < found.size() ? found[i] : json(nullptr);
      const auto e = i < expected.size() ? expected[i] : json(nullptr);
      if (agree(f, e)) continue;
      wrong.push_back(fmt::format("{}[{}] is {}, expected {}", name, i, f.dump(), e.dump()));
      return;
    }
    wrong.push_back(fmt::format("{} differ", name));
  };
  hold("iterations", iterations_);
  hold("decodes", decodes_);
  if (window() > 0.0) hold("writes", writes_);
  hold("callbacks", callbacks_);
  if (!config_.value("ticks", json::array()).empty()) hold("ticks", plans_);
  if (!config_.value("shared_curves", json::array()).empty()) hold("shared_curves", shared_);
  hold("lora_strength_calls", strengths_);
  auto gains = json::array();
  for (const auto& gain : last_plan_.gains)
    gains.push_back({gain.first, gain.last, scalar_of(gain.scale)});
  hold("channel_guidance", gains);
  auto samples = json::array();
  for (const auto& row : config_.value("buffer_samples", json::array())) {
    const auto at = row.at(0).get<size_t>() * kChannels;
    samples.push_back(
        {row.at(0), rounded(buffer_.at(at), 1e-5), rounded(buffer_.at(at + 1), 1e-5)});
  }
  hold("buffer_samples", samples);
  if (config_.value("num_gens", std::int64_t{0}) != generations_)
    wrong.push_back(fmt::format("{} generations, expected {}", generations_,
                                config_.value("num_gens", std::int64_t{0})));
  if (std::abs(mean_.mean() - config_.value("ema", 0.0)) > kNear)
    wrong.push_back(
        fmt::format("mean iteration {} s, expected {}", mean_.mean(), config_.value("ema", 0.0)));
  return fmt::format("{}", fmt::join(wrong, "; "));
}

}  // namespace

void verify_runner(Golden& golden, Results& results) {
  for (const auto& config : field<json>(golden.config(), "scenarios", golden.label())) {
    Scenario scenario(config, golden.label());
    scenario.run();
    const auto wrong = scenario.differences();
    results.fact(field<std::string>(config, "name", golden.label()), wrong.empty(),
                 wrong.empty() ? "every decision as recorded" : wrong);
  }
  if (golden.has("out.n")) results.fact("out.n", true, "a placeholder");
}

}  // namespace headroom::verify
