// Classifier-free guidance: adaptive projected guidance (APG) and rescale. Norms run over time, one
// value per channel, so guidance does not commute with chunking in time.
// Source: specification "ACE-Step v1.5", section 11.2.
#pragma once

#include <ATen/ATen.h>

namespace headroom::diffusion {

struct ApgSettings {
  double momentum = -0.75;
  double norm_threshold = 2.5;
  double eta = 0.0;  // how much of the parallel part to keep
};

/// APG of one generation: keeps the running average of the guidance difference. One thread.
class Apg {
 public:
  explicit Apg(ApgSettings settings = {}) : settings_(settings) {}

  /// Guided velocity from the conditional and unconditional ones, each [B, T, C]; `scale` is a
  /// scalar or per-frame curve [1, T, 1]. The projection is computed in fp64.
  at::Tensor guide(const at::Tensor& conditional, const at::Tensor& unconditional,
                   const at::Tensor& scale);
  at::Tensor guide(const at::Tensor& conditional, const at::Tensor& unconditional, double scale);

 private:
  ApgSettings settings_;
  at::Tensor average_;
};

/// ρ·v·‖v_c‖/‖v‖ + (1 − ρ)·v with norms over time in fp32.
at::Tensor rescale_guidance(const at::Tensor& guided, const at::Tensor& conditional,
                            const at::Tensor& amount);

}  // namespace headroom::diffusion
