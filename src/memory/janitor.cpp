#include "memory/janitor.h"

#include "base/log.h"

namespace headroom::memory {

void Janitor::look(Residency& residency, int live, std::chrono::steady_clock::time_point now) {
  if (now - last_look_ < settings_.period) return;
  last_look_ = now;
  if (live > 0) return;
  try {
    residency.follow_device();
    const bool long_idle = settings_.park_after && now - last_work_ >= *settings_.park_after;
    if (long_idle) residency.park_idle();
    const auto idle = residency.device().usage().idle();
    if (idle > (long_idle ? 0 : settings_.idle_pool)) residency.trim("idle_vram_trim");
  } catch (const std::exception& error) {
    log::warn("cleaning up idle memory failed: {}", error.what());
  }
}

}  // namespace headroom::memory
