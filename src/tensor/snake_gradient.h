// snake() on the CPU in one pass over memory, without and with a gradient. Used by ops.cpp alone.
#pragma once

#include <ATen/ATen.h>

namespace headroom {

/// x + sin²(a·x)·b: x [B, C, n] fp32 contiguous, a and b [C, 1]. Every number is computed by the
/// same operations wherever it stands. Within 3e-7 of b of sin() itself.
at::Tensor snake_in_one_pass(const at::Tensor& x, const at::Tensor& a, const at::Tensor& b);

/// The same with a gradient in all three: one pass forward and one backward, where autograd over
/// the single operations takes about fifteen and keeps as many copies.
at::Tensor snake_with_gradient(const at::Tensor& x, const at::Tensor& a, const at::Tensor& b);

}  // namespace headroom
