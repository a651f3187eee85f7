#include "audio/crossfade.h"

#include <fmt/format.h>

#include "base/error.h"

namespace headroom {

at::Tensor linear_ramp(std::int64_t length) { return at::linspace(0.0, 1.0, length, at::kFloat); }

at::Tensor trapezoid_window(std::int64_t length, std::int64_t fade, Fades fades) {
  if (length < 1 || fade < 0 || 2 * fade > length) {
    throw Error(ErrorKind::internal,
                fmt::format("a window of {} samples cannot have two fades of {}", length, fade));
  }
  auto window = at::ones({length}, at::kFloat);
  if (fades.head) window.narrow(0, 0, fade).copy_(linear_ramp(fade));
  if (fades.tail) window.narrow(0, length - fade, fade).copy_(linear_ramp(fade).flip(0));
  return window;
}

}  // namespace headroom
