#include "session/runner.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "diffusion/channels.h"
#include "studio/conditioning.h"
#include "studio/tasks.h"
#include "wire/frames.h"

namespace headroom::session {

using diffusion::Activity;
using diffusion::SharedCurve;

namespace {

// A device that refuses ticks for so long will not get better by itself.
constexpr int kMostRefusals = 100;
constexpr double kAfterRefusal = 0.1;
// Nobody plays from these messages alone (W35).
constexpr double kParamsInterval = 0.1;
constexpr double kHeartbeat = 1.0;
constexpr double kWaitForSource = 0.005;
// Windows in a row overlap by a tenth, in which they are cross-faded.
constexpr double kWindowStride = 0.9;
constexpr int kMostWindows = 8;
constexpr double kLookAhead = 0.5;
// What a layout reckons with before the first prompt is known.
constexpr double kFramesPerSecond = 25.0;

double rounded(double value) { return std::nearbyint(value * 100.0) / 100.0; }

}  // namespace

Runner::Runner(studio::Studio& studio, Score& score, RunnerSettings settings, RunnerCalls calls)
    : studio_(studio),
      score_(score),
      settings_(std::move(settings)),
      calls_(std::move(calls)),
      live_(studio.executor(), settings_.owner),
      stream_(studio, settings_.owner,
              {.steps = settings_.steps,
               .depth = settings_.depth,
               .controls = {.method = settings_.kind == diffusion::SessionKind::sde
                                          ? diffusion::Method::sde
                                          : diffusion::Method::ode}}),
      planner_(settings_.kind, settings_.steps),
      depth_(std::clamp<std::int64_t>(settings_.depth, 1, diffusion::kDeepestRing)),
      lead_({.window = std::max(0.0, settings_.vae_window)}) {}

Runner::~Runner() {
  if (merge_.done.valid()) studio_.executor().cancel(merge_.id);
}

double Runner::now() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Runner::nap(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

memory::TaskInfo Runner::info(const char* name) const {
  return {.name = name,
          .owner = settings_.owner,
          .priority = memory::Priority::realtime,
          .deadline = {}};
}

wire::AudioBlock Runner::buffer() const {
  const std::scoped_lock lock(playback_mutex_);
  return playback_ ? wire::to_halves(playback_->samples()) : nullptr;
}

void Runner::run(const std::stop_token& stop) {
  stop_ = stop;
  while (!stop.stop_requested()) {
    try {
      rendezvous();
      if (playback_) {
        iterate();
      } else {
        nap(kWaitForSource);
      }
      refusals_ = 0;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::memory || ++refusals_ > kMostRefusals) throw;
      if (refusals_ == 1) {
        log::warn("{}: {}", settings_.owner, error.what());
        calls_.publish(wire::Warning{.command = "tick", .field = "", .message = error.what()});
      }
      nap(kAfterRefusal);
    }
  }
}

void Runner::rendezvous() {
  // Disables, enables, swap, depth; but a session's first words are that it is ready.
  const auto change = [this] {
    if (auto changes = score_.take_loras(); !changes.empty()) change_loras(std::move(changes));
  };
  const bool begins = !playback_.has_value();
  if (!begins) change();
  if (const auto turnover = score_.take_turnover()) turn_over(*turnover);
  if (begins && playback_) change();
  if (const auto depth = score_.take_depth()) {
    const auto wanted = std::clamp<std::int64_t>(*depth, 1, diffusion::kDeepestRing);
    if (wanted != depth_.exchange(wanted)) {
      fresh_ring_ = true;
      calls_.publish(wire::DepthApplied{.value = wanted, .request_id = {}});
    }
  }
}

void Runner::turn_over(const Turnover& turnover) {
  const auto& source = *turnover.source;
  const double longest = settings_.walk_seconds.value_or(kLongestLayout);
  const double laid_out = std::min(source.seconds(), longest);
  const auto rows = std::max(turnover.prompts.encoded.timbre_a.states.size(1),
                             turnover.prompts.encoded.timbre_b.states.size(1));
  try {
    const auto frames = static_cast<std::int64_t>(
        static_cast<double>(studio::duration_class(laid_out)) * kFramesPerSecond);
    stream_.lay_out(frames, rows);
  } catch (const std::exception& error) {
    return calls_.refused(turnover, error);
  }
  ++epoch_;
  fresh_ring_ = true;
  history_.clear();
  cached_ = at::Tensor();
  whole_ = at::Tensor();
  walk_.reset();
  covered_until_ = 0.0;
  last_write_ = now();
  {
    const std::scoped_lock lock(playback_mutex_);
    playback_.emplace(source.audio);
  }
  score_.begin(turnover, now());
  calls_.began(turnover, buffer());
}

void Runner::change_loras(std::vector<LoraChange> changes) {
  lead_.prewarm();
  std::optional<std::string> request_id;
  studio_.executor().between_steps([&](memory::Residency&) {
    auto& stack = studio_.loras().stack();
    for (auto& change : changes) {
      request_id = change.request_id;
      if (!change.strength) {
        stack.disable(change.id);
        gates_.erase(change.id);
        continue;
      }
      if (change.lora) {
        if (!stack.enable(change.id, change.order, *change.lora, *change.strength)) continue;
      } else if (!stack.set_strength(change.id, *change.strength)) {
        continue;
      }
      gates_[change.id].set_applied(*change.strength);
    }
  });
  merge();
  calls_.loras_changed(request_id);
}

void Runner::follow_strengths(const nlohmann::json& knobs, double at) {
  std::map<std::string, double> moved;
  for (auto& [id, gate] : gates_) {
    const auto knob = knobs.find("lora_str_" + id);
    if (knob == knobs.end() || !knob->is_number()) continue;
    if (const auto strength = gate.update(knob->get<double>(), at)) {
      moved[id] = *strength;
      gate.set_applied(*strength);
    }
  }
  if (moved.empty()) return;
  studio_.executor().between_steps([&](memory::Residency&) {
    for (const auto& [id, strength] : moved)
      (void)studio_.loras().stack().set_strength(id, strength);
  });
  merge();
}

void Runner::merge() {
  if (merge_.done.valid() &&
      merge_.done.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    return;  // the one under way sees what was changed
  merge_ = studio_.executor().submit(
      studio_.loras().merge_task({.name = "merge",
                                  .owner = settings_.owner,
                                  .priority = memory::Priority::interactive,
                                  .deadline = {}}));
}

void Runner::iterate() {
  const double began = now();
  auto view = score_.view(began, cached_.defined());
  if (view.paused || view.activity == Activity::resting) return rest(view);
  if (view.activity == Activity::working) follow_strengths(view.knobs, began);
  choose_walk(view);
  bool fresh = false;
  if (view.activity == Activity::replaying) {
    score_.rest(diffusion::kReplayPause, view);
  } else {
    fresh = tick(view);
  }
  hurried_ = cached_.defined() && hurries(view);
  if (cached_.defined() && !hurried_) write(view, fresh, began);
}

// Whether somebody waits for sound of a knob that was turned meanwhile, and the next windows will
// begin where the last ones still reach, so that nothing is left out.
bool Runner::hurries(const View& view) const {
  const bool windows = settings_.vae_window > 0.0 || walk_;
  return windows && !hurried_ && score_.version() != view.version && now() < covered_until_;
}

void Runner::rest(const View& view) {
  score_.rest(diffusion::kRestPause, view);
  last_write_ = now();
  if (view.paused || last_write_ - last_heartbeat_ < kHeartbeat) return;
  last_heartbeat_ = last_write_;
  calls_.publish(wire::Heartbeat{.paused = true});
}

void Runner::choose_walk(const View& view) {
  const double window = settings_.walk_seconds.value_or(kLongestLayout);
  const auto chosen = diffusion::walk_window(view.source->frames(), view.source->seconds(),
                                             view.heard, kLookAhead, window);
  const bool same = chosen.has_value() == walk_.has_value() &&
                    (!chosen || chosen->begin_frame == walk_->begin_frame);
  if (same) return;
  walk_ = chosen;
  // What is under way belongs to another chunk (FIX-3).
  ++epoch_;
  fresh_ring_ = true;
  history_.clear();
  cached_ = at::Tensor();
  covered_until_ = 0.0;
}

bool Runner::tick(View& view) {
  const double began = now();
  const auto finished = stream_.tick(memory::Priority::realtime, [&](diffusion::Ring& ring) {
    // Others may have had the device since; where the listener is stays as the walk was chosen.
    auto latest = score_.view(now(), cached_.defined());
    latest.heard = view.heard;
    if (latest.source == view.source) view = std::move(latest);
    prepare(ring, view);
  });
  tick_ms_ = static_cast<float>(1000.0 * (now() - began));
  if (!finished || finished->epoch != epoch_) return false;
  cached_ = finished->latent;
  history_.push(cached_);
  ++generations_;
  return true;
}

void Runner::prepare(diffusion::Ring& ring, const View& view) {
  const auto frames = walk_ ? walk_->frames : view.source->frames();
  const bool changed = fresh_ring_ || view.version != planned_;
  if (changed) {
    const auto before = plan_.steps;
    plan_ = planner_.plan(view.knobs, frames);
    if (plan_.steps != before) lead_.prewarm();
    ring.begin_epoch(epoch_);
    ring.set_depth(depth_);
    set_controls(ring);
  }
  if (plan_.wants_negative && !view.negative.states.defined()) calls_.wants_negative();
  if (changed || ring.waiting() == 0) {
    const auto taken = ring.submit(stream_.placed(request(view)));
    if (!taken && planned_ != view.version)
      calls_.publish(
          wire::Warning{.command = "params", .field = "", .message = taken.error().reason});
  }
  planned_ = view.version;
  fresh_ring_ = false;
}

void Runner::set_controls(diffusion::Ring& ring) {
  ring.set_schedule(plan_.steps, plan_.shift);
  ring.set_dcw(plan_.dcw);
  // Clients have faders for the 64 channels of the published model; another one has fewer.
  const auto channels = studio_.networks().configs().dit.latent_channels;
  auto gains = plan_.gains;
  std::erase_if(gains, [&](const auto& gain) { return gain.first >= channels; });
  for (auto& gain : gains) gain.last = std::min(gain.last, channels - 1);
  (void)ring.set_gain(diffusion::channel_gain(gains, channels));
  ring.set_shared(SharedCurve::sde_denoise, plan_.sde_denoise);
  ring.set_shared(SharedCurve::velocity_scale, plan_.velocity_scale);
  ring.set_shared(SharedCurve::target_strength, plan_.target_strength);
}

diffusion::Request Runner::request(const View& view) {
  const auto own = [&](const at::Tensor& whole) {
    return walk_ ? whole.narrow(1, walk_->begin_frame, walk_->frames) : whole;
  };
  const auto source = own(view.source->latents);
  const auto hints = own(view.structure.defined() ? view.structure : view.source->hints);
  const auto silence = studio::silence_frames(studio_.silence(), hints.size(1));
  diffusion::Request request;
  request.conditions = {{.states = view.condition.states, .mask = {}}};
  request.context = studio::make_context(diffusion::structure_hint(silence, hints, plan_.hint));
  request.seed = plan_.seed;
  request.source = history_.mix(source, plan_.feedback, plan_.feedback_depth);
  request.denoise = plan_.denoise;
  request.initial_noise = plan_.initial_noise;
  request.target = {
      .latent = source, .strength = plan_.target_strength, .curve = plan_.target_curve};
  if (plan_.guidance && (!plan_.wants_negative || view.negative.states.defined())) {
    request.guidance.mode = *plan_.guidance;
    request.guidance.scale = plan_.guidance_scale;
    request.guidance.rescale = plan_.rescale;
    if (plan_.wants_negative)
      request.guidance.negatives = {{.states = view.negative.states, .mask = {}}};
  }
  request.epoch = epoch_;
  request.start_frame = walk_ ? walk_->begin_frame : 0;
  return request;
}

void Runner::write(const View& view, bool fresh, double began) {
  const double gap = now() - last_write_;
  if (const auto landing = score_.take_landing()) lead_.report_landing(*landing, now());
  const double before = now();
  if (settings_.vae_window > 0.0 || walk_) {
    write_windows(view, gap, began);
  } else if (fresh) {
    write_whole();
  }
  decode_ms_ = static_cast<float>(1000.0 * (now() - before));
  last_write_ = now();
  lead_.note_write(last_write_ - began, last_write_);
  if (last_write_ - last_params_ >= kParamsInterval) tell_params(view, last_write_);
}

// As many windows as the listener has moved on since the last ones: a slow machine writes several
// for each tick, so that nothing is left out. `seen`: when the view was.
void Runner::write_windows(const View& view, double gap, double seen) {
  const double window = settings_.vae_window > 0.0 ? settings_.vae_window : 0.36;
  const int count =
      std::clamp(static_cast<int>(std::ceil(gap / (kWindowStride * window))), 1, kMostWindows);
  Aim aim{.heard = view.heard,
          .lead = lead_.seconds(view.band.has_value()),
          .window = window,
          .band = view.band,
          .walk = walk_};
  for (int i = 0; i < count && !stop_.stop_requested(); ++i) {
    std::vector<wire::Slice> slices;
    {
      const auto audio = [this](const studio::Window& planned) { return decode_window(planned); };
      const std::scoped_lock lock(playback_mutex_);
      slices = playback_->write_ahead(cached_.size(1), aim, audio);
    }
    for (auto& slice : slices) tell(std::move(slice));
    aim.lead += kWindowStride * window;
    covered_until_ = seen + (i + 1) * kWindowStride * window;
    if (i + 1 < count && hurries(view)) {
      hurried_ = true;
      return;
    }
  }
}

void Runner::write_whole() {
  if (whole_.defined() && whole_.sizes() == cached_.sizes() &&
      (cached_ - whole_).square().mean().item<double>() < diffusion::kUnheardChange)
    return;
  std::vector<at::Tensor> blocks;
  studio::DecodeTask task(studio_.networks(), info("decode"), cached_,
                          [&](const at::Tensor& block) { blocks.push_back(block.clone()); });
  studio_.executor().run(task);
  whole_ = cached_;
  wire::Slice slice;
  {
    const std::scoped_lock lock(playback_mutex_);
    slice = playback_->write_all(at::cat(blocks, 1));
  }
  tell(std::move(slice));
}

at::Tensor Runner::decode_window(const studio::Window& window) {
  studio::WindowTask task(studio_.networks(), info("window"), cached_, window);
  studio_.executor().run(task);
  return task.audio();
}

void Runner::tell(wire::Slice slice) {
  slice.tick_ms = tick_ms_;
  slice.decode_ms = decode_ms_;
  slice.generations = generations_;
  calls_.publish(std::move(slice));
}

void Runner::tell_params(const View& view, double at) {
  last_params_ = at;
  nlohmann::json params{{"num_gens", generations_},
                        {"tick_ms", rounded(tick_ms_)},
                        {"dec_ms", rounded(decode_ms_)},
                        {"lead", rounded(lead_.seconds(view.band.has_value()))}};
  for (const auto& [name, value] : view.knobs.items()) {
    if (value.is_number_float())
      params[name] = rounded(value.get<double>());
    else if (!value.is_object())
      params[name] = value;
  }
  params["_prompt"] = score_.prompts().a;
  calls_.publish(wire::ParamsUpdate{.params = std::move(params)});
}

}  // namespace headroom::session
