// LoRAs on the diffusion transformer as a component. Factors stay in host memory; a merged weight
// takes the place of the base's copy on the device, so enabling one takes no device memory that
// stays. Deltas are computed in host memory: nothing of them can fail to fit.
//
// While the network is resident, changed weights are merged some at a time, between ticks. When it
// is parked and comes back, it is bound from weights that are merged already, with the same bits.
#pragma once

#include <memory>
#include <string>

#include "diffusion/lora_stack.h"
#include "memory/task.h"
#include "studio/networks.h"

namespace headroom::studio {

/// Weights that one step merges: a few milliseconds of host arithmetic each at the published size.
inline constexpr std::size_t kMergesPerStep = 4;

/// One per Networks, which it outlives by nothing: destroy it first. Executor's thread, or before
/// anything runs there.
class Loras {
 public:
  Loras(Networks& networks, const ModelFolder& folder);
  ~Loras();
  Loras(const Loras&) = delete;
  Loras& operator=(const Loras&) = delete;

  diffusion::LoraStack& stack() { return stack_; }
  /// What files are read against.
  const diffusion::LoraShapes& shapes() const { return shapes_; }

  /// Merges what waits, step by step; conditions that were prepared before it may be stale.
  std::unique_ptr<memory::Task> merge_task(memory::TaskInfo info);

 private:
  Networks& networks_;
  Checkpoint checkpoint_;
  diffusion::LoraShapes shapes_;
  diffusion::LoraStack stack_;
};

}  // namespace headroom::studio
