#include "session/session.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "memory/ledger.h"
#include "wire/frames.h"
#include "wire/message.h"

namespace headroom::session {
namespace {

double unix_time() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// A session that could not begin, in the protocol's words.
wire::InitError init_error(const std::exception& error) {
  wire::InitError event{.code = "internal", .message = error.what()};
  if (const auto* refused = dynamic_cast<const memory::Refused*>(&error)) {
    event.code = "memory_refused";
    event.required_bytes = static_cast<std::int64_t>(refused->shortfall().asked);
    event.available_bytes = static_cast<std::int64_t>(refused->shortfall().free);
    event.hint = "free device memory, raise --memory, or play a shorter track";
    event.close_reason = "not enough device memory";
    return event;
  }
  const std::string_view what = error.what();
  const auto* ours = dynamic_cast<const Error*>(&error);
  if (what.starts_with("Stem extraction failed")) {
    event.code = "stem_extract_failed";
    event.close_reason = "stem extraction failed";
  } else if (what.starts_with("server source load failed")) {
    event.code = "fixture_unavailable";
    event.close_reason = "track unavailable";
  } else if (ours != nullptr && ours->kind() == ErrorKind::memory) {
    event.code = "memory_refused";
    event.close_reason = "not enough device memory";
  } else if (ours != nullptr &&
             (ours->kind() == ErrorKind::input || ours->kind() == ErrorKind::usage)) {
    event.code = "bad_request";
    event.close_reason = "the session's audio or settings cannot be used";
  }
  return event;
}

}  // namespace

Session::Session(Stage& stage, Start start, Publish publish)
    : stage_(stage),
      start_(std::move(start)),
      started_at_(unix_time()),
      publish_(std::move(publish)),
      score_(stage.settings.idle_pause, now()),
      desk_(stage, start_.id),
      prompt_a_(start_.config.prompt),
      prompt_b_(start_.config.prompt_b.value_or(start_.config.prompt)) {
  sources_.post([this](const std::stop_token& token) { create(token); });
}

Session::~Session() {
  stop();
  sources_.finish();  // which starts the runner, and posts to commands
  commands_.finish();
  if (runner_thread_.joinable()) runner_thread_.join();
}

void Session::stop() {
  commands_.request_stop();
  sources_.request_stop();
  const std::scoped_lock lock(mutex_);
  stopping_ = true;
  swap_stop_.request_stop();
  runner_thread_.request_stop();
}

double Session::now() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Session::tell(wire::Event event) {
  const std::scoped_lock lock(publish_mutex_);
  if (publish_) publish_(std::move(event));
}

RunnerSettings Session::runner_settings() const {
  const auto& config = start_.config;
  RunnerSettings settings;
  settings.owner = start_.id;
  settings.kind = config.sde ? diffusion::SessionKind::sde : diffusion::SessionKind::ode;
  settings.vae_window = config.vae_window;
  settings.depth = config.depth;
  settings.steps = config.steps;
  if (config.walk_window) settings.walk_seconds = config.walk_window_s;
  return settings;
}

RunnerCalls Session::runner_calls() {
  return {
      .publish = [this](wire::Event event) { tell(std::move(event)); },
      .began = [this](const Turnover& turnover,
                      wire::AudioBlock buffer) { began(turnover, std::move(buffer)); },
      .refused = [this](const Turnover& turnover,
                        const std::exception& error) { refused(turnover, error); },
      .loras_changed =
          [this](const std::optional<std::string>& request_id) {
            tell(wire::LoraCatalog{.catalog = stage_.loras.entries(), .request_id = request_id});
          },
      .wants_negative = [this] { encode_negative(); }};
}

// On the thread of sources: the first source, then everything else.
void Session::create(const std::stop_token& stop) {
  try {
    const auto& config = start_.config;
    Order order{.pcm = start_.pcm,
                .name = config.fixture_name,
                .mode = config.stem_source_mode,
                .crop = config.crop,
                .key = {},
                .time_signature = {}};
    auto source =
        std::make_shared<const Source>(Preparer(stage_, start_.id).prepare(std::move(order), stop));
    enable_first_loras();
    {
      const std::scoped_lock lock(mutex_);
      if (stopping_) return;
      runner_.emplace(stage_.studio, score_, runner_settings(), runner_calls());
      runner_thread_ = std::jthread([this](const std::stop_token& token) { run(token); });
    }
    commands_.post([this, source](const std::stop_token& token) {
      try {
        hand_over({.source = source,
                   .prompts = desk_.encode(prompt_a_, prompt_b_, *source),
                   .structure = {},
                   .request_id = {},
                   .first = true},
                  token);
        first_handed_ = true;
        for (const auto& job : std::exchange(early_, {})) job(token);
      } catch (const std::exception& error) {
        fail_creation(error);
      }
    });
  } catch (const std::exception& error) {
    fail_creation(error);
  }
}

void Session::fail_creation(const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  if (ours != nullptr && ours->kind() == ErrorKind::canceled) return;
  log::warn("session {}: {}", start_.id, error.what());
  tell(init_error(error));
}

void Session::enable_first_loras() {
  const auto& config = start_.config;
  auto wanted = config.enabled_loras;
  for (const auto& path : config.lora_paths) {
    if (auto id = stage_.loras.add(path)) wanted.push_back(*id);
  }
  for (const auto& id : wanted) {
    const auto strength = config.lora_strengths.find(id);
    auto change = stage_.loras.enabling(id, strength == config.lora_strengths.end()
                                                ? std::nullopt
                                                : std::optional(strength->second));
    if (change) {
      score_.add_lora(std::move(change).value(), now());
    } else {
      log::warn("session {}: {}", start_.id, change.error());
    }
  }
}

void Session::run(const std::stop_token& stop) {
  try {
    runner_->run(stop);
  } catch (const std::exception& error) {
    const auto* ours = dynamic_cast<const Error*>(&error);
    if (stop.stop_requested() || (ours != nullptr && ours->kind() == ErrorKind::canceled)) return;
    log::error("session {} ended: {}", start_.id, error.what());
    playing_ = false;
    tell(wire::RuntimeError{.message = error.what()});
  }
  playing_ = false;
}

// Waits until the runner has taken it or refused it: what comes after belongs to what plays then.
void Session::hand_over(Turnover turnover, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto before = turns_;
  score_.set_turnover(std::move(turnover), now());
  constexpr std::chrono::milliseconds poll{50};
  while (turns_ == before && !stop.stop_requested()) turned_.wait_for(lock, poll);
}

void Session::began(const Turnover& turnover, wire::AudioBlock buffer) {
  {
    const std::scoped_lock lock(mutex_);
    source_ = turnover.source;
    prompt_a_ = turnover.prompts.a;
    prompt_b_ = turnover.prompts.b;
    ++turns_;
  }
  negative_asked_ = false;
  turned_.notify_all();
  const auto& source = *turnover.source;
  if (turnover.first) {
    playing_ = true;
    tell(ready(source, std::move(buffer)));
  } else {
    tell(wire::SwapReady{
        .duration = source.seconds(),
        .bpm = source.analysis.bpm,
        .key = source.analysis.key,
        .time_signature = source.analysis.time_signature,
        .fixture_name = source.name.empty() ? std::nullopt : std::optional(source.name),
        .request_id = turnover.request_id,
        .buffer = std::move(buffer)});
  }
  tell_stems(source);
}

void Session::refused(const Turnover& turnover, const std::exception& error) {
  {
    const std::scoped_lock lock(mutex_);
    ++turns_;
  }
  turned_.notify_all();
  if (turnover.first) return tell(init_error(error));
  tell(wire::SwapFailed{
      .error = error.what(), .build_command = {}, .request_id = turnover.request_id});
}

void Session::tell_stems(const Source& source) {
  if (source.stems) {
    tell(wire::StemAssets{.fixture_name = source.name,
                          .frames = source.stems->vocals.size(1),
                          .source_mode = source.mode,
                          .audio = {wire::to_halves(interleaved(source.stems->vocals)),
                                    wire::to_halves(interleaved(source.stems->instruments))}});
  } else if (!source.stems_error.empty()) {
    tell(wire::StemFailed{.fixture_name = source.name, .error = source.stems_error});
  }
}

wire::Ready Session::ready(const Source& source, wire::AudioBlock buffer) const {
  wire::Ready event;
  event.duration = source.seconds();
  event.lora_catalog = stage_.loras.entries();
  for (const auto& id : start_.config.enabled_loras) {
    if (stage_.loras.knows(id)) event.lora_pending_enable.push_back(id);
  }
  event.bpm = source.analysis.bpm;
  event.key = source.analysis.key;
  event.time_signature = source.analysis.time_signature;
  event.checkpoint = stage_.studio.checkpoint_name();
  event.checkpoint_scale = stage_.studio.checkpoint_scale();
  event.pipeline_depth = runner_->depth();
  event.max_pipeline_depth = diffusion::kDeepestRing;
  event.session_id = start_.id;
  event.buffer = std::move(buffer);
  return event;
}

void Session::detach() {
  const std::scoped_lock lock(publish_mutex_);
  publish_ = nullptr;
  score_.set_paused(true, now());
}

void Session::attach(Publish publish) {
  const auto playing = source();
  if (!playing || !runner_) return;
  auto event = ready(*playing, runner_->buffer());
  event.resumed = snapshot();
  {
    const std::scoped_lock lock(publish_mutex_);
    publish_ = std::move(publish);
    publish_(std::move(event));
    score_.set_paused(false, now());
  }
  tell_stems(*playing);
}

std::shared_ptr<const Source> Session::source() const {
  const std::scoped_lock lock(mutex_);
  return source_;
}

std::string Session::track_id() const {
  const auto playing = source();
  return playing ? playing->track_id : "";
}

wire::Snapshot Session::snapshot() const {
  wire::Snapshot state;
  state.id = start_.id;
  state.started_at = started_at_;
  state.lora_catalog = stage_.loras.entries();
  const auto prompts = score_.prompts();
  state.prompt = prompts.a;
  if (prompts.b != prompts.a) state.prompt_b = prompts.b;
  state.prompt_blend = score_.blend();
  state.timbre_strength = score_.timbre_strength();
  state.knob_values = score_.knobs();
  if (const auto band = score_.band()) {
    state.loop_start_sec = band->begin;
    state.loop_end_sec = band->end;
  }
  const std::scoped_lock lock(mutex_);
  state.pipeline_depth = runner_ ? runner_->depth() : start_.config.depth;
  state.timbre_name = names_.timbre;
  state.structure_name = names_.structure;
  if (!source_) return state;
  state.duration = source_->seconds();
  state.bpm = source_->analysis.bpm;
  state.key = source_->analysis.key;
  state.time_signature = source_->analysis.time_signature;
  if (!source_->name.empty()) state.fixture_name = source_->name;
  state.stem_source_mode = source_->mode;
  return state;
}

}  // namespace headroom::session
