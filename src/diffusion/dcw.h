// DCW: differential correction in the wavelet domain, applied to the state after each step.
// Sources: specification "ACE-Step v1.5", section 11.4; of the streaming engine, section 12.
#pragma once

#include <optional>
#include <string_view>

#include <ATen/ATen.h>

#include "diffusion/curve.h"
#include "diffusion/wavelet.h"
#include "diffusion/workspace.h"

namespace headroom::diffusion {

enum class DcwMode { low, high, both, pixel };

/// "low", "high", "double", "pix"; nothing for others.
std::optional<DcwMode> parse_dcw_mode(std::string_view name);

/// How a band is pushed. All zero: linearly. `pixel` knows none of them.
struct DcwAdvanced {
  double mult_blend = 0.0;   // 0…1: from adding the difference to scaling by its sign
  double mag_phase = 0.0;    // 0…1: towards a push of magnitude and phase of the analytic signal
  double soft_thresh = 0.0;  // differences smaller than this do not count

  bool any() const { return mult_blend > 0.0 || mag_phase > 0.0 || soft_thresh > 0.0; }
};

/// Scalers are numbers or curves of any length (of the latent's or a single value for `pixel`).
struct DcwSettings {
  DcwMode mode = DcwMode::both;
  Curve scaler = 0.05;
  Curve high_scaler = 0.02;  // of the high band, in `both` only
  Wavelet wavelet = Wavelet::haar;
  DcwAdvanced advanced{};

  /// Whether a correction would change anything.
  bool active() const {
    return scaler.has_effect() || (mode == DcwMode::both && high_scaler.has_effect());
  }
};

/// The corrected state, in the dtype of `x`; computed in fp32, `pixel` in the dtype of x.
/// x [B, T, C] is the state after the step, `clean` the estimate x_before − t·v of the step just
/// made at time t, v after guidance and before any velocity scale. `mag_phase` takes memory of its
/// own for transforms; everything else comes from `workspace`.
at::Tensor correct(Workspace& workspace, const DcwSettings& settings, const at::Tensor& x,
                   const at::Tensor& clean, double t);

/// Real and imaginary part of the analytic signal along the last dimension.
struct Analytic {
  at::Tensor real;
  at::Tensor imaginary;
};
Analytic analytic_signal(const at::Tensor& x);

}  // namespace headroom::diffusion
