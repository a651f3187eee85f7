#include "memory/schedule.h"

#include <tuple>

namespace headroom::memory {

std::string_view to_string(Priority priority) {
  switch (priority) {
    case Priority::realtime:
      return "realtime";
    case Priority::interactive:
      return "interactive";
    case Priority::background:
      return "background";
  }
  return "";
}

bool is_aged(const Waiting& waiting) { return waiting.passes >= kMostPasses; }

std::optional<size_t> choose_next(std::span<const Waiting> waiting, bool aged_turn) {
  std::optional<size_t> best;
  std::optional<size_t> oldest;
  const auto rank = [](const Waiting& w) {
    return std::tuple(w.priority, w.deadline.value_or(std::chrono::steady_clock::time_point::max()),
                      w.last_turn);
  };
  for (size_t i = 0; i < waiting.size(); ++i) {
    const auto& one = waiting[i];
    if (!best || rank(one) < rank(waiting[*best])) best = i;
    if (is_aged(one) && (!oldest || one.last_turn < waiting[*oldest].last_turn)) oldest = i;
  }
  return aged_turn && oldest ? oldest : best;
}

}  // namespace headroom::memory
