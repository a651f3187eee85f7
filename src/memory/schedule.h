// Who runs next: a pure function, so that its promise can be tested.
//
// The highest priority goes first, among equals the earliest deadline, then whoever ran longest
// ago. A task that was passed over kMostPasses times is aged; every other turn belongs to the
// oldest of those. So realtime work waits for at most one foreign step in two, and of N waiting
// tasks each is served within kMostPasses + 2·N turns: after kMostPasses turns it is aged; at most
// N − 1 others are aged before it; and each of these takes one turn in two.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>

#include "memory/task.h"

namespace headroom::memory {

inline constexpr int kMostPasses = 8;

struct Waiting {
  Priority priority = Priority::interactive;
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::uint64_t last_turn = 0;  // number of the turn in which it ran last, or came
  int passes = 0;               // turns since, that went to others
};

/// Index of the one to run; nothing when nobody waits. `aged_turn`: the turn before this one did
/// not go to an aged task.
std::optional<size_t> choose_next(std::span<const Waiting> waiting, bool aged_turn);

/// Whether choose_next() took it for its age.
bool is_aged(const Waiting& waiting);

}  // namespace headroom::memory
