// What the realtime runner decides in one iteration, as pure functions: when it rests, and which
// generation it asks for. Source: specification of the streaming engine, sections 20.2 and 20.6.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/json.h"
#include "diffusion/channels.h"
#include "diffusion/dcw.h"
#include "diffusion/knobs.h"
#include "diffusion/prompt_blend.h"
#include "diffusion/request.h"

namespace headroom::diffusion {

/// When nobody turns anything, the music is not made anew.
enum class Activity {
  working,    // tick
  replaying,  // no ticks; the last latent goes around the buffer once: 20 ms sleep per iteration
  resting,    // nothing runs, 50 ms naps
};
inline constexpr double kReplayPause = 0.020;
inline constexpr double kRestPause = 0.050;

/// Seconds of any steady clock.
class IdleClock {
 public:
  /// Without activity for more than `after` seconds (0: never) it replays, and after one more
  /// buffer's duration it rests.
  explicit IdleClock(double after, double now = 0.0) : after_(after), last_(now) {}

  /// Any operation, or a knob message that differs from the one before.
  void touch(double now);
  /// What to do now. Without a latent to replay there is always work.
  Activity decide(double now, bool has_latent, double buffer_seconds);

 private:
  double after_;
  double last_;
  std::optional<double> replaying_since_;
};

/// The last finished latents, newest first.
class FeedbackHistory {
 public:
  static constexpr std::size_t kept = 8;

  void push(const at::Tensor& latent);
  void clear() { latents_.clear(); }
  /// Source and tap blended by f, the tap `depth` latents back (rounded, 1…8) or the oldest there
  /// is; `source` itself without feedback, history, or a tap of its shape.
  at::Tensor mix(const at::Tensor& source, double feedback, double depth,
                 BlendKind kind = BlendKind::slerp) const;

 private:
  std::deque<at::Tensor> latents_;
};

/// What an iteration asks of the engine.
struct RunnerPlan {
  double denoise = 0.0;
  std::uint64_t seed = 0;
  double shift = 3.0;
  std::int64_t steps = 8;
  double feedback = 0.0;
  double feedback_depth = 1.0;
  double hint = 1.0;
  /// Set only with a mode.
  std::optional<GuidanceMode> guidance{};
  Curve guidance_scale{};
  Curve rescale{};
  bool wants_negative = false;  // full and initialize
  std::optional<DcwSettings> dcw{};
  std::vector<ChannelGain> gains{};
  Curve target_curve{};
  // Shared curves, pushed every iteration; absent ones are cleared.
  Curve sde_denoise{};
  Curve velocity_scale{};
  Curve target_strength{};
  Curve initial_noise{};
};

/// Knobs into plans. Keeps what moves only when its knob has moved enough: shift (0.05) and hint
/// strength (0.02). One thread.
class RunnerPlanner {
 public:
  /// `steps` is used until the knob steps_override says otherwise (FIX-23); `shift` likewise until
  /// its knob has moved away from it.
  explicit RunnerPlanner(SessionKind kind, std::int64_t steps = 8, double shift = 3.0)
      : kind_(kind), steps_(steps), shift_(shift) {}

  /// `knobs` are coerced values, and the client's curves by their protocol names, for a source of
  /// `frames` frames.
  RunnerPlan plan(const nlohmann::json& knobs, std::int64_t frames);

 private:
  SessionKind kind_;
  std::int64_t steps_;
  double shift_;
  std::optional<double> hint_;
};

/// The SDE curve of an amplitude that swings `periodicity` times a second: amp·(½ + ½·sin(2π·p·t)).
/// A periodicity of 0.01 and less is constant.
Curve swinging(double amplitude, double periodicity, std::int64_t frames);

}  // namespace headroom::diffusion
