// The network as the ring sees it: velocities of independent rows.
#pragma once

#include <span>
#include <vector>

#include <ATen/ATen.h>

#include "diffusion/request.h"

namespace headroom::diffusion {

/// One row of a forward pass: one generation under one of its conditions.
struct Row {
  at::Tensor x;        // [1, T, C] fp32
  double t = 0.0;      // its own time
  at::Tensor context;  // [1, T, 2C]
  const Condition* condition = nullptr;
  bool negative = false;
};

class Denoiser {
 public:
  virtual ~Denoiser() = default;

  /// Velocities [1, T, C] of `rows`, in their order, into `velocities`. Rows may stand at different
  /// times and have conditions of different lengths; a row's result must not depend on its
  /// neighbours. Every result is memory of its own: nothing that a later call writes to (FIX-4).
  virtual void velocities(std::span<const Row> rows, std::vector<at::Tensor>& velocities) = 0;
};

}  // namespace headroom::diffusion
