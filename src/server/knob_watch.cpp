#include "server/knob_watch.h"

namespace headroom::server {

void KnobWatch::heed(const nlohmann::json& knobs, Time now) {
  const bool first = knobs_.is_null();
  bool turned = false;
  for (const auto& [name, value] : knobs.items()) {
    auto& known = knobs_[name];
    if (known == value) continue;
    known = value;
    turned = true;
  }
  if (first || !turned || turn_) return;
  turn_ = {now, generations_ + static_cast<std::uint32_t>(depth_) + 1};
}

std::optional<double> KnobWatch::sent(std::uint32_t generations, Time now) {
  generations_ = generations;
  if (!turn_ || generations < turn_->heard_from) return std::nullopt;
  const std::chrono::duration<double> taken = now - turn_->at;
  turn_.reset();
  return taken.count();
}

}  // namespace headroom::server
