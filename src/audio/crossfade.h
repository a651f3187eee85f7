// Windows for putting chunks of audio together again.
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

namespace headroom {

/// [length], from 0 to 1 in equal steps of 1/(length − 1): both ends included. {0} for length 1.
at::Tensor linear_ramp(std::int64_t length);

/// Which ends of a chunk fade.
struct Fades {
  bool head = true;
  bool tail = true;
};

/// [length] of ones whose first `fade` values rise as linear_ramp() and whose last `fade` values
/// fall as its mirror image, unless `fades` leaves that end at 1. fade ≤ length / 2; throws
/// Error(internal) otherwise. Chunks that overlap are added, each times its window, and the sum is
/// divided by the sum of the windows.
at::Tensor trapezoid_window(std::int64_t length, std::int64_t fade, Fades fades = {});

}  // namespace headroom
