// The check that a network's result is made of numbers.
#pragma once

#include <string_view>

#include <ATen/ATen.h>

namespace headroom::studio {

/// Throws Error(checkpoint) when `result` holds NaN or infinity, naming the network that made it:
/// damaged weights are found where they act, and never become a file of silence or noise.
void require_finite(const at::Tensor& result, std::string_view network);

}  // namespace headroom::studio
