// DCW: differential correction in the wavelet domain, applied to the state after each step.
// Source: specification "ACE-Step v1.5", section 11.4 (Haar wavelet).
#pragma once

#include <ATen/ATen.h>

namespace headroom::diffusion {

enum class DcwMode { low, high, both, pixel };

/// Scalers are numbers as 0-d tensors or per-frame curves [1, T, 1].
struct DcwSettings {
  DcwMode mode = DcwMode::both;
  at::Tensor scaler = at::scalar_tensor(0.05);
  at::Tensor high_scaler = at::scalar_tensor(0.02);
};

/// The corrected state, in the dtype of `x`; computed in fp32. x [B, T, C] is the state after the
/// step, `clean` the estimate x_before − t·v of the step just made at time t, v after guidance and
/// before any velocity scale.
at::Tensor correct(const DcwSettings& settings, const at::Tensor& x, const at::Tensor& clean,
                   double t);

}  // namespace headroom::diffusion
