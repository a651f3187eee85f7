// One generation from start to end, without a ring around it for the caller to see.
// Source: specification of the streaming engine, section 15.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <ATen/ATen.h>

#include "base/progress.h"
#include "diffusion/controls.h"
#include "diffusion/dcw.h"
#include "diffusion/denoiser.h"
#include "diffusion/request.h"
#include "diffusion/ring.h"

namespace headroom::diffusion {

/// The latent [1, T, C] of one request: a ring of depth 1 run until it is finished, so a generation
/// has the same bits here and in any ring. denoise = 0 gives the source back unchanged (without a
/// source, the seed's noise), and no network runs. Throws Error(usage) for what find_fault() finds.
at::Tensor generate(const Request& request, Denoiser& denoiser, RingSettings settings,
                    Progress& progress = no_progress());

/// Velocity [1, T, C] of a state [1, T, C] at time t: the network with its condition and context.
using VelocityField = std::function<at::Tensor(const at::Tensor& x, double t)>;

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

/// The same with the network as a function: runs every step and returns x_0 [1, T, C] in fp32;
/// state and arithmetic stay in fp32 whatever the network's dtype.
at::Tensor generate(const Generation& generation, const VelocityField& velocity,
                    Progress& progress = no_progress());

}  // namespace headroom::diffusion
