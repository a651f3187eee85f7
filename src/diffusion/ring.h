// The ring of slots: several generations under way at once, each at its own step, advanced together
// by one step per tick.
//
//   submit → [queue, newest wins] → admission → slots 0 … depth − 1 ─┐
//                                      ↑ every tick: one step each   │
//                                      └──────── finished ←──────────┘→ at most one latent per tick
//
// Source: specification of the streaming engine, section 7; FIX-n are that page's numbered repairs
// of the reference.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/result.h"
#include "diffusion/controls.h"
#include "diffusion/denoiser.h"
#include "diffusion/request.h"
#include "diffusion/slot.h"
#include "diffusion/workspace.h"

namespace headroom::diffusion {

/// More generations than this are never under way at once, however a depth is set (FIX-14).
inline constexpr std::int64_t kDeepestRing = 8;

/// Ways of the reference that this engine does not follow unless it is asked to: for comparing
/// with what the reference recorded.
struct ReferenceWays {
  bool late_delivery = false;       // R1: a latent leaves one tick after its last step
  bool drop_one = false;            // R1: an overfull queue loses one request per submit, no more
  bool discard_on_shrink = false;   // FIX-7: work in slots beyond the new depth is lost
  bool bursts = false;              // FIX-6: a free slot is filled at once
  bool dcw_in_kept_frames = false;  // FIX-5
  /// FIX-9: state, schedule and integration in the network's dtype.
  at::ScalarType state = at::kFloat;
};

struct RingSettings {
  std::int64_t steps = 8;
  double shift = 3.0;
  /// A schedule given by hand, instead of steps, shift and denoise; empty: none.
  std::vector<double> times{};
  /// Strength in steps as the reference has it; off: continuous (FIX-8).
  bool quantise_denoise = true;
  std::int64_t depth = 8;  // clamped to 1…kDeepestRing
  /// Waiting requests; 0: as many as the depth. With 1 the freshest request wins.
  std::int64_t queue_cap = 1;
  Controls controls{};
  StepNoise step_noise{};
  /// Where seeds come from for requests without one.
  std::uint64_t seed = 0;
  at::Device device = at::kCPU;  // where requests live
  ReferenceWays reference{};
};

/// A finished generation. The latent is the caller's: the ring takes its memory back when nobody
/// holds it any more.
struct Finished {
  std::uint64_t id = 0;  // what submit() returned (FIX-13)
  std::uint64_t epoch = 0;
  std::int64_t start_frame = 0;
  at::Tensor latent;  // [1, T, C] fp32
};

/// Why a request was not taken.
struct Refusal {
  std::string reason;
};

/// What a slot holds, for people and tests.
struct SlotView {
  std::uint64_t id = 0;  // 0: empty
  std::int64_t finished_steps = 0;
  at::Tensor x{};
};

/// One thread. The denoiser outlives the ring. Everything that is set between two ticks acts from
/// the next one. A tick that throws (out of memory in a forward pass) has advanced nothing: the
/// same tick can be tried again.
class Ring {
 public:
  /// Throws Error(usage) for steps or a shift that make no schedule.
  Ring(Denoiser& denoiser, RingSettings settings);

  /// Puts a request at the end of the queue, over which the oldest waiting ones are dropped, and
  /// returns its id (1, 2, …). Refused: what find_fault() finds, and an epoch that is stale.
  Result<std::uint64_t, Refusal> submit(Request request);

  /// One step of everything under way.
  std::optional<Finished> tick();
  /// The same in two halves, for rings whose rows share a forward pass: the rows of this step,
  /// which stand until anything else is called, and their velocities in the same order. A first
  /// half that no second one follows has advanced nothing.
  std::span<const Row> begin_tick();
  std::optional<Finished> end_tick(std::span<const at::Tensor> velocities);

  /// Ticks until nothing waits and nothing is under way; results in their order (FIX-7).
  std::vector<Finished> drain();

  /// Clamped to 1…kDeepestRing. Growing adds empty slots; when shrinking, the surplus slots finish
  /// what they hold and are not filled again, so nothing is lost.
  void set_depth(std::int64_t depth);
  std::int64_t depth() const { return settings_.depth; }

  /// Everything of an older epoch is stale from now on: slots are emptied, waiting requests dropped
  /// (FIX-3). An epoch that is not newer changes nothing.
  void begin_epoch(std::uint64_t epoch);

  /// Empties slots and queue.
  void clear();

  /// Steps and shift of generations admitted later; those under way keep their schedule.
  /// Throws Error(usage) as the constructor does.
  void set_schedule(std::int64_t steps, double shift);

  /// Live controls, see Controls.
  void set_method(Method method) { settings_.controls.method = method; }
  void set_dcw(std::optional<DcwSettings> dcw);
  /// [1, 1 or T, C]; undefined: none. Refused for another shape.
  Result<bool, Refusal> set_gain(const at::Tensor& gain);
  /// An undefined curve gives every request its own again.
  void set_shared(SharedCurve name, const Curve& curve);
  const Controls& controls() const { return settings_.controls; }

  std::size_t waiting() const { return queue_.size(); }
  /// Generations in slots.
  std::int64_t under_way() const;
  bool idle() const { return queue_.empty() && under_way() == 0; }
  /// Whether every slot of the depth holds a generation, or delivered its own in this tick.
  bool warmed_up() const;
  std::uint64_t ticks() const { return ticks_; }
  /// Slots in their order; more than the depth while surplus ones finish.
  std::vector<SlotView> slots() const;
  /// The schedule of a generation of that strength, as admission would compute it.
  std::vector<double> schedule(double denoise) const;
  const Workspace& workspace() const { return workspace_; }

 private:
  struct Waiting {
    std::uint64_t id;
    std::shared_ptr<const Request> request;
  };

  void drop_other_lengths();
  std::optional<Finished> release();
  void admit();
  StepScope scope();
  void gather();
  void advance(std::span<const at::Tensor> velocities);
  void trim_surplus();

  Denoiser& denoiser_;
  RingSettings settings_;
  Workspace workspace_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::deque<Waiting> queue_;
  std::uint64_t last_id_ = 0;
  std::uint64_t epoch_ = 0;
  std::uint64_t ticks_ = 0;
  /// Admissions owed, in units of 1/steps: depth more per tick (FIX-6).
  std::int64_t credit_ = 0;
  std::optional<Finished> released_;  // by a tick that then failed
  std::size_t delivered_slot_ = static_cast<std::size_t>(-1);
  std::int64_t frames_ = 0;
  std::vector<Row> rows_;
  // Where the rows of each slot begin, and the last ones end.
  std::array<std::size_t, static_cast<std::size_t>(kDeepestRing) + 1> begins_{};
  std::vector<at::Tensor> velocities_;
};

}  // namespace headroom::diffusion
