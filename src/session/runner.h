// The loop that makes the music: takes what commands have set, ticks the stream, decodes where the
// listener is about to be, and tells slices. Everything else of a session works beside it, so that
// it never waits for more than one step of somebody else.
//
// From a knob to the sound that it changes: a tick goes by the knobs as they are when it gets the
// device, not when it began to wait for it. A knob that comes while a tick or a decode runs does
// not wait for windows of the old sound: they are left for after the next tick, where that leaves
// no gap in what is written, and never twice in a row. So what acts from the next tick is on the
// wire after the step that runs, one tick that finishes a latent, and one decode.
// Source: specification of the streaming engine, section 20; of the protocol, section 4.5.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "memory/executor.h"
#include "session/playback.h"
#include "session/score.h"
#include "studio/stream.h"
#include "wire/events.gen.h"

namespace headroom::session {

/// Receives events in their order; never blocks. Called on the session's threads.
using Publish = std::function<void(wire::Event)>;

struct RunnerSettings {
  std::string owner;
  diffusion::SessionKind kind = diffusion::SessionKind::ode;
  double vae_window = 0.36;  // seconds of one slice; 0: the whole buffer
  std::int64_t depth = 4;
  std::int64_t steps = 8;
  /// Sources longer than this are played chunk by chunk; none: than kLongestLayout.
  std::optional<double> walk_seconds{};
};

/// What the runner says beside slices. Called on its thread.
struct RunnerCalls {
  Publish publish;
  /// A source plays from now on; `buffer` is what the listener hears first.
  std::function<void(const Turnover& turnover, wire::AudioBlock buffer)> began;
  /// A source could not be laid out; the old one plays on.
  std::function<void(const Turnover& turnover, const std::exception& error)> refused;
  /// LoRAs were enabled or disabled.
  std::function<void(const std::optional<std::string>& request_id)> loras_changed;
  /// Guidance is on and its negative prompt is missing.
  std::function<void()> wants_negative;
};

class Runner {
 public:
  Runner(studio::Studio& studio, Score& score, RunnerSettings settings, RunnerCalls calls);
  ~Runner();

  /// Until a stop is asked for. Throws what ends a session: an error of the model, or memory that
  /// stays refused. One thread.
  void run(const std::stop_token& stop);

  std::int64_t depth() const { return depth_; }
  /// The buffer as it is now, for a listener who comes back. Any thread.
  wire::AudioBlock buffer() const;

 private:
  void rendezvous();
  void turn_over(const Turnover& turnover);
  void change_loras(std::vector<LoraChange> changes);
  void follow_strengths(const nlohmann::json& knobs, double now);
  void merge();
  void iterate();
  void rest(const View& view);
  void choose_walk(const View& view);
  bool tick(View& view);
  void prepare(diffusion::Ring& ring, const View& view);
  void set_controls(diffusion::Ring& ring);
  diffusion::Request request(const View& view);
  void write(const View& view, bool fresh, double began);
  void write_windows(const View& view, double gap, double seen);
  bool hurries(const View& view) const;
  void write_whole();
  void tell(wire::Slice slice);
  void tell_params(const View& view, double now);
  at::Tensor decode_window(const studio::Window& window);
  memory::TaskInfo info(const char* name) const;
  double now() const;
  void nap(double seconds);

  studio::Studio& studio_;
  Score& score_;
  RunnerSettings settings_;
  RunnerCalls calls_;
  std::stop_token stop_;
  memory::Executor::Live live_;
  studio::Stream stream_;
  diffusion::RunnerPlanner planner_;
  diffusion::RunnerPlan plan_;
  std::uint64_t planned_ = 0;  // version of the score that plan_ was made from
  bool fresh_ring_ = true;
  bool hurried_ = false;  // the iteration before left windows to this one
  // Windows of a view before this time begin where those that were written last still reach.
  double covered_until_ = 0.0;
  std::atomic<std::int64_t> depth_;
  std::uint64_t epoch_ = 0;
  std::optional<diffusion::WalkWindow> walk_;
  diffusion::FeedbackHistory history_;
  at::Tensor cached_;  // the latest latent of what is laid out
  at::Tensor whole_;   // the latest latent that was decoded whole
  diffusion::Lead lead_;
  std::map<std::string, diffusion::StrengthGate> gates_;
  memory::Ticket merge_;
  mutable std::mutex playback_mutex_;
  std::optional<Playback> playback_;
  float tick_ms_ = 0.0F;
  float decode_ms_ = 0.0F;
  std::uint32_t generations_ = 0;
  double last_write_ = 0.0;
  double last_params_ = -1.0;
  double last_heartbeat_ = 0.0;
  int refusals_ = 0;  // in a row
};

}  // namespace headroom::session
