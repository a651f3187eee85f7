// The step of a matrix, by all of its directions at once: Jordan et al., "Muon: an optimizer for
// hidden layers in neural networks", 2024.
#pragma once

#include <ATen/ATen.h>

namespace headroom::train {

/// `x` [m, n] fp32 with its singular values brought near one (0.6 to 1.2 for those above a
/// hundredth of the largest), its singular vectors kept: five steps of a Newton–Schulz iteration
/// whose coefficients make small values grow fast. A matrix of zeros stays one. Cost: 10 min(m, n)²
/// (2 max(m, n) + min(m, n)) operations.
at::Tensor orthogonalized(const at::Tensor& x);

}  // namespace headroom::train
