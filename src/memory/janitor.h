// Cleans up when nobody plays. Three rungs of idleness:
//   live → parked (weights only in their files) → pool trimmed to the floor.
// The pool is trimmed as well whenever it holds more than a threshold of free memory while no
// session is live. Nothing of this happens beside realtime work: the executor asks only while it
// has none.
#pragma once

#include <chrono>
#include <optional>

#include "memory/residency.h"

namespace headroom::memory {

struct JanitorSettings {
  std::chrono::milliseconds period{5000};
  /// Free memory that the pool may keep while nobody plays.
  std::uint64_t idle_pool = 512ULL << 20;
  /// Idleness after which everything is parked and the pool trimmed; none: never.
  std::optional<std::chrono::milliseconds> park_after = std::chrono::minutes(10);
};

/// The executor's thread alone.
class Janitor {
 public:
  Janitor(JanitorSettings settings, std::chrono::steady_clock::time_point now)
      : settings_(settings), last_look_(now), last_work_(now) {}

  void worked(std::chrono::steady_clock::time_point now) { last_work_ = now; }
  /// Does what is due. `live`: sessions that play. Survives its own errors: they are logged, and
  /// the next period comes.
  void look(Residency& residency, int live, std::chrono::steady_clock::time_point now);
  const JanitorSettings& settings() const { return settings_; }

 private:
  JanitorSettings settings_;
  std::chrono::steady_clock::time_point last_look_;
  std::chrono::steady_clock::time_point last_work_;
};

}  // namespace headroom::memory
