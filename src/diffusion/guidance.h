// Classifier-free guidance: adaptive projected guidance (APG) and rescale. Norms run over time, one
// value per channel, so guidance does not commute with chunking in time.
// Sources: specification "ACE-Step v1.5", section 11.2; of the streaming engine, section 9.
#pragma once

#include <ATen/ATen.h>

#include "diffusion/curve.h"
#include "diffusion/workspace.h"

namespace headroom::diffusion {

struct ApgSettings {
  Curve momentum = -0.75;
  double norm_threshold = 2.5;  // 0: no limit
  double eta = 0.0;             // how much of the parallel part to keep
};

/// A vector over time, per channel, split along a direction.
struct Projection {
  at::Tensor parallel;
  at::Tensor orthogonal;
};

/// `v` [B, T, C] along and across `direction` over dimension `dim`, computed in fp64 and returned
/// in the dtype of v.
Projection project(Workspace& workspace, const at::Tensor& v, const at::Tensor& direction,
                   std::int64_t dim = 1);

/// APG of one generation: keeps the running average of the guidance difference. One thread.
class Apg {
 public:
  explicit Apg(ApgSettings settings = {}) : settings_(std::move(settings)) {}

  /// Guided velocity from the conditional and unconditional ones, each [B, T, C]; a scale of 1
  /// gives the conditional one and still moves the average. The projection is computed in fp64.
  at::Tensor guide(Workspace& workspace, const at::Tensor& conditional,
                   const at::Tensor& unconditional, const Curve& scale);
  /// The same with another momentum from now on.
  at::Tensor guide(Workspace& workspace, const at::Tensor& conditional,
                   const at::Tensor& unconditional, const Curve& scale, const Curve& momentum);

  /// The running average, before any limit; undefined before the first call.
  const at::Tensor& average() const { return average_; }

 private:
  ApgSettings settings_;
  at::Tensor average_;
};

/// ρ·v·‖v_c‖/‖v‖ + (1 − ρ)·v with norms over time in fp32; the ratio is rounded to the dtype of v.
at::Tensor rescale_guidance(Workspace& workspace, const at::Tensor& guided,
                            const at::Tensor& conditional, const Curve& amount);

}  // namespace headroom::diffusion
