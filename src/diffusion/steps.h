// The arithmetic of one denoising step. Pure functions; x, v, noise, source are [B, T, C]; curves
// are [1 or B, T, 1] or scalars as [1, 1, 1]; times are doubles with fp32 values. Results have the
// shape and dtype of x and come from `workspace`, so a step that repeats takes no new memory.
// Every product and sum is rounded to that dtype in the written order.
// Source: specification of the streaming engine, sections 6, 10 and 11.
#pragma once

#include <ATen/ATen.h>

#include "diffusion/workspace.h"

namespace headroom::diffusion {

/// a·k.
at::Tensor scaled(Workspace& workspace, const at::Tensor& a, double k);

/// a·c, of the shape of a.
at::Tensor scaled(Workspace& workspace, const at::Tensor& a, const at::Tensor& c);

/// c·a + (1 − c)·b: every blend of the engine.
at::Tensor lerp(Workspace& workspace, const at::Tensor& a, const at::Tensor& b, double c);
at::Tensor lerp(Workspace& workspace, const at::Tensor& a, const at::Tensor& b,
                const at::Tensor& c);

/// Estimate of the clean latent: x − t·v.
at::Tensor clean_estimate(Workspace& workspace, const at::Tensor& x, const at::Tensor& v, double t);

/// Start at partial strength: t·noise + (1 − t)·source, t the first timestep.
at::Tensor mix_noise(Workspace& workspace, const at::Tensor& noise, const at::Tensor& source,
                     double t);

/// Start with a noise curve: c·noise + (1 − c)·source.
at::Tensor mix_noise(Workspace& workspace, const at::Tensor& noise, const at::Tensor& source,
                     const at::Tensor& curve);

/// x + (t_next − t)·v: the Euler step of the flow.
at::Tensor euler_step(Workspace& workspace, const at::Tensor& x, const at::Tensor& v, double t,
                      double t_next);

/// The same step written from the clean estimate: (t'/t)·x + (1 − t'/t)·x0. Nothing is divided by a
/// small t after it was rounded, which is what costs accuracy in (x − x0)/t.
at::Tensor euler_step_from_clean(Workspace& workspace, const at::Tensor& x, const at::Tensor& x0,
                                 double t, double t_next);

/// x + noise·curve·t_next: what makes an ODE step stochastic.
at::Tensor add_noise(Workspace& workspace, const at::Tensor& x, const at::Tensor& noise,
                     const at::Tensor& curve, double t_next);

/// t_next·noise + (1 − t_next)·x0; x0 itself when t_next ≤ 0.
at::Tensor sde_step(Workspace& workspace, const at::Tensor& x0, const at::Tensor& noise,
                    double t_next);

/// c·sde(x0) + (1 − c)·sde(source), the same noise in both.
at::Tensor sde_step(Workspace& workspace, const at::Tensor& x0, const at::Tensor& source,
                    const at::Tensor& noise, const at::Tensor& curve, double t_next);

/// (1 − a·k)·x0 + a·k·target.
at::Tensor blend_target(Workspace& workspace, const at::Tensor& x0, const at::Tensor& target,
                        const at::Tensor& amount, double k = 1.0);

/// Before the forward pass of a masked generation (mask 1 = generate): kept frames are put back to
/// the original at the noise level of t.
at::Tensor mask_noisy(Workspace& workspace, const at::Tensor& x, const at::Tensor& original,
                      const at::Tensor& noise, const at::Tensor& mask, double t);

/// On the prediction: m·x0 + (1 − m)·original.
at::Tensor mask_clean(Workspace& workspace, const at::Tensor& x0, const at::Tensor& original,
                      const at::Tensor& mask);

/// Velocities of several conditions: Σ wᵢ·vᵢ / max(Σ wᵢ, 1e-8); an undefined weight is 1.
struct WeightedVelocity {
  at::Tensor velocity;
  at::Tensor weight;
};
at::Tensor blend_velocities(Workspace& workspace, at::ArrayRef<WeightedVelocity> parts);

}  // namespace headroom::diffusion
