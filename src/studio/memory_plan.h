// What a session will do to a device, reckoned without one: the same Residency and the same steps
// that run it, on sizes alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "memory/separator_policy.h"
#include "studio/steps.h"

namespace headroom::studio {

struct PlanRequest {
  ModelConfigs configs;
  Precision precision = Precision::bf16;
  std::uint64_t budget = 0;
  double seconds = 60.0;  // the longest source that is played
  bool stems = true;
  memory::SeparatorPolicy policy;
  PromptSize prompt;
  /// What the driver takes for the process itself: part of the budget.
  std::uint64_t driver = 512ULL << 20;
};

/// One operation of the rehearsed session.
struct PlannedOperation {
  std::string name;
  std::int64_t chunk = 0;  // in its own unit; 0 where there is no choice
  std::uint64_t workspace = 0;
  std::uint64_t leased = 0;  // of the budget, while it runs
  std::string resident;      // components on the device meanwhile
  std::string parked;        // components that left for it
};

/// A rung of the ladder of idleness: what a session that nobody listens to still holds, and what
/// must come back before it plays on.
struct IdleRung {
  std::string name;          // live, parked, trimmed
  std::uint64_t leased = 0;  // of the budget: latents and conditions stay until the session ends
  std::uint64_t reserved =
      0;                     // of the device, with what the pool holds free; the driver's included
  std::uint64_t copied = 0;  // bytes of weights that the next tick and window bring back
};

struct MemoryPlan {
  std::vector<PlannedOperation> operations;
  std::uint64_t budget = 0;
  std::uint64_t slack = 0;    // kept for the pool's granularity, beside the leases
  std::uint64_t peak = 0;     // the largest `leased`
  std::string bottleneck;     // the operation with that
  std::uint64_t latents = 0;  // of the peak, what grows with the length: buffers and conditions
  std::uint64_t tick = 0;     // the decoder's own activations, which grow as well
  std::uint64_t parks = 0;    // how often a component left
  std::vector<IdleRung> idle;
  double copy_rate = 0.0;     // bytes per second that `idle` is reckoned with; 0: no times are told
  std::uint64_t minimum = 0;  // the smallest budget that does, in whole MiB
  bool fits = false;
  std::string refusal;  // why not

  nlohmann::json json() const;
  /// A table for people.
  std::string text() const;
};

/// Plans a whole session: start, a source encoded and conditioned, ticks and windows; then, while
/// it plays, an upload, its rip with a prompt edit in the middle, its stems encoded, and a swap to
/// the longest class. Finds the smallest budget as well.
MemoryPlan plan_session(const PlanRequest& request);

/// Bytes per second of a plain copy into fresh memory, measured here: what restoring a component
/// costs on the CPU, within a fifth (`headroom-restore` compares them). Takes some 0.1 s.
double measure_copy_rate();

}  // namespace headroom::studio
