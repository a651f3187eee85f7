// The streaming engine on the device: a ring whose buffers, conditions and ticks are planned. A
// session plays one; a command that makes a piece runs one to its end.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/progress.h"
#include "diffusion/ring.h"
#include "memory/plan_slot.h"
#include "studio/studio.h"

namespace headroom::studio {

/// One thread of its owner's, which waits while the executor works. Every call may throw Refused:
/// the ring is then as it was. Streams of several sessions share weights and calls of the network
/// (studio/ensemble.h); none of them can tell.
class Stream {
 public:
  /// What is done to the ring before a tick: controls and a new request, whose tensors are made by
  /// placed(). On the executor's thread, inside a DeviceScope.
  using Prepare = Tick::Prepare;

  /// `settings.device` is the studio's, whatever it says. The studio outlives it.
  Stream(Studio& studio, std::string owner, diffusion::RingSettings settings);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Takes the memory for pieces of up to `frames` and conditions of up to `rows`, at any depth.
  /// What is laid out already stays, with all that is under way; a larger layout starts with an
  /// empty ring. When it is refused the old layout plays on.
  void lay_out(std::int64_t frames, std::int64_t rows);
  std::int64_t frames() const { return frames_; }

  /// One step of everything under way; the latent of what is finished comes in host memory.
  std::optional<diffusion::Finished> tick(memory::Priority priority, const Prepare& prepare = {});
  /// Ticks until the request is finished: its latent [1, T, C].
  at::Tensor run(const diffusion::Request& request, memory::Priority priority,
                 Progress& progress = no_progress());

  /// A request from host memory on the device. Inside `Prepare`. Equal condition states stay the
  /// same tensor, so they are prepared once.
  diffusion::Request placed(diffusion::Request request);

  /// Lets go of everything under way, and of its memory; the layout stays.
  void clear();

 private:
  struct Layout;

  Layout& layout();
  void free_layout();
  at::Tensor placed_states(const at::Tensor& host);

  Studio& studio_;
  std::string owner_;
  diffusion::RingSettings settings_;
  memory::PlanSlot slot_;
  std::int64_t frames_ = 0;
  std::int64_t rows_ = 0;
  struct Placed {
    at::Tensor host;
    at::Tensor device;
  };
  std::vector<Placed> states_;  // the latest ones, the newest last
};

}  // namespace headroom::studio
