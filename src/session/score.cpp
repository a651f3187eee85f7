#include "session/score.h"

#include <algorithm>
#include <chrono>

namespace headroom::session {

constexpr double kRate = diffusion::kSampleRate;

Score::Score(double idle_after, double now) : playhead_(now), idle_(idle_after, now) {}

bool Score::set_params(const wire::Params& params, const nlohmann::json& checked, double now) {
  const std::scoped_lock lock(mutex_);
  bool changed = false;
  for (const auto& [name, value] : checked.items()) {
    const auto known = knobs_.find(name);
    if (known != knobs_.end() && *known == value) continue;
    knobs_[name] = value;
    changed = true;
  }
  if (params.playback_pos) {
    const double staleness = params.client_time ? delay_.staleness(*params.client_time, now) : 0.0;
    playhead_.report(static_cast<std::int64_t>(*params.playback_pos * kRate), staleness, now);
  }
  if (params.slice_lead_s)
    landing_ = std::min(landing_.value_or(*params.slice_lead_s), *params.slice_lead_s);
  if (changed) {
    ++version_;
    touched(now);
  }
  return changed;
}

void Score::set_band(std::optional<diffusion::LoopBand> band, double now) {
  const std::scoped_lock lock(mutex_);
  band_ = band;
  touched(now);
}

void Score::touched(double now) {
  idle_.touch(now);
  ++touches_;
  came_.notify_all();
}

void Score::rest(double seconds, const View& seen) {
  std::unique_lock lock(mutex_);
  came_.wait_for(lock, std::chrono::duration<double>(seconds),
                 [&] { return touches_ != seen.touches; });
}

std::uint64_t Score::version() const {
  const std::scoped_lock lock(mutex_);
  return version_;
}

void Score::compose() {
  condition_ = diffusion::compose(prompts_.encoded, timbre_strength_, blend_);
  ++version_;
}

void Score::set_prompts(Prompts prompts, double now) {
  const std::scoped_lock lock(mutex_);
  prompts_ = std::move(prompts);
  compose();
  touched(now);
}

void Score::set_blend(double blend, double now) {
  const std::scoped_lock lock(mutex_);
  touched(now);
  if (blend == blend_) return;
  blend_ = blend;
  if (condition_.states.defined()) compose();
}

void Score::set_timbre_strength(double strength, double now) {
  const std::scoped_lock lock(mutex_);
  touched(now);
  if (strength == timbre_strength_) return;
  timbre_strength_ = strength;
  if (condition_.states.defined()) compose();
}

void Score::set_structure(at::Tensor hints, double now) {
  const std::scoped_lock lock(mutex_);
  structure_ = std::move(hints);
  ++version_;
  touched(now);
}

void Score::set_negative(diffusion::EncodedPrompt negative) {
  const std::scoped_lock lock(mutex_);
  negative_ = std::move(negative);
  ++version_;
}

void Score::set_depth(std::int64_t depth, double now) {
  const std::scoped_lock lock(mutex_);
  depth_ = depth;
  touched(now);
}

void Score::add_lora(LoraChange change, double now) {
  const std::scoped_lock lock(mutex_);
  loras_.push_back(std::move(change));
  touched(now);
}

void Score::set_turnover(Turnover turnover, double now) {
  const std::scoped_lock lock(mutex_);
  turnover_ = std::move(turnover);
  touched(now);
}

void Score::touch(double now) {
  const std::scoped_lock lock(mutex_);
  touched(now);
}

void Score::set_paused(bool paused, double now) {
  const std::scoped_lock lock(mutex_);
  if (paused == paused_) return;
  paused_ = paused;
  paused ? playhead_.pause(now) : playhead_.resume(now);
  touched(now);
}

View Score::view(double now, bool has_latent) {
  const std::scoped_lock lock(mutex_);
  const double seconds = source_ ? source_->seconds() : 0.0;
  const auto samples = source_ ? source_->audio.size(1) : 1;
  return {.source = source_,
          .condition = condition_,
          .negative = negative_,
          .structure = structure_,
          .knobs = knobs_,
          .band = band_,
          .heard = static_cast<double>(playhead_.sample(now, samples)) / kRate,
          .activity = idle_.decide(now, has_latent, seconds),
          .version = version_,
          .paused = paused_,
          .touches = touches_};
}

std::optional<Turnover> Score::take_turnover() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(turnover_, std::nullopt);
}

std::vector<LoraChange> Score::take_loras() {
  const std::scoped_lock lock(mutex_);
  // Disables come first, whatever the order of arrival.
  auto changes = std::exchange(loras_, {});
  std::stable_partition(changes.begin(), changes.end(),
                        [](const LoraChange& change) { return !change.strength; });
  return changes;
}

std::optional<std::int64_t> Score::take_depth() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(depth_, std::nullopt);
}

void Score::begin(const Turnover& turnover, double now) {
  const std::scoped_lock lock(mutex_);
  source_ = turnover.source;
  prompts_ = turnover.prompts;
  structure_ = turnover.structure;
  negative_ = {};
  band_.reset();
  playhead_.report(0, 0.0, now);
  compose();
  touched(now);
}

std::optional<double> Score::take_landing() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(landing_, std::nullopt);
}

Prompts Score::prompts() const {
  const std::scoped_lock lock(mutex_);
  return prompts_;
}

double Score::blend() const {
  const std::scoped_lock lock(mutex_);
  return blend_;
}

double Score::timbre_strength() const {
  const std::scoped_lock lock(mutex_);
  return timbre_strength_;
}

nlohmann::json Score::knobs() const {
  const std::scoped_lock lock(mutex_);
  return knobs_;
}

std::optional<diffusion::LoopBand> Score::band() const {
  const std::scoped_lock lock(mutex_);
  return band_;
}

}  // namespace headroom::session
