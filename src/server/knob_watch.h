// How long a turned knob takes to be heard, as the server can know it: from the frame that turned
// it to the first slice sent that is wholly made with the new value. At most `depth` generations
// were under way when it came, so the generation after those is the first that was begun with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/json.h"

namespace headroom::server {

/// For one session; one thread. Of turns that follow one another before the first is heard, only
/// the first is timed: a hand that keeps turning would otherwise never arrive.
class KnobWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void set_depth(std::int64_t depth) { depth_ = depth; }
  /// Knobs of a `params` message; clients repeat those that did not change. The first message says
  /// where they stand, and turns none.
  void heed(const nlohmann::json& knobs, Time now);
  /// A slice was sent after so many finished generations; seconds since the turn that it is the
  /// first to carry wholly.
  std::optional<double> sent(std::uint32_t generations, Time now);

 private:
  struct Turn {
    Time at;
    std::uint32_t heard_from;  // generations
  };

  nlohmann::json knobs_;
  std::int64_t depth_ = 4;
  std::uint32_t generations_ = 0;
  std::optional<Turn> turn_;
};

}  // namespace headroom::server
