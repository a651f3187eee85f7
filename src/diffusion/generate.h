// One generation from start to end: the loop of a one-shot cover.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <ATen/ATen.h>

#include "base/progress.h"
#include "diffusion/dcw.h"
#include "diffusion/guidance.h"

namespace headroom::diffusion {

/// Velocity [1, T, C] of a state [1, T, C] at time t: the network with its condition and context.
using VelocityField = std::function<at::Tensor(const at::Tensor& x, double t)>;

enum class Method {
  ode,  // Euler along the flow
  sde,  // to the estimate, then noise again
};

struct Generation {
  std::vector<double> times;  // t₀ > … > 0, from timesteps()
  double denoise = 1.0;       // < 1: start from noise and source mixed at t₀
  at::Tensor noise;           // [1, T, C] fp32
  at::Tensor source;          // [1, T, C] or undefined
  Method method = Method::ode;
  /// Fresh noise for step k of `sde`, [1, T, C]; not needed for `ode`.
  std::function<at::Tensor(std::int64_t step)> fresh_noise;
  std::optional<DcwSettings> dcw;
  /// Guidance scale and the field of the unconditional side; none: no guidance.
  double guidance = 1.0;
  VelocityField unconditional;
};

/// Runs every step and returns x_0 [1, T, C] in fp32; state and arithmetic stay in fp32 whatever
/// the network's dtype. With denoise ≤ 0 the source comes back unchanged (the noise, without a
/// source) and no network runs.
at::Tensor generate(const Generation& generation, const VelocityField& velocity,
                    Progress& progress = no_progress());

}  // namespace headroom::diffusion
