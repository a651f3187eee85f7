// The arithmetic of one denoising step. Pure functions; x, v, noise, source are [B, T, C]; curves
// are [1 or B, T, 1] or scalars as 0-d tensors; times are doubles with fp32 values. Results have
// the dtype of x. Source: specification of the streaming engine, sections 6, 10 and 11.
#pragma once

#include <ATen/ATen.h>

namespace headroom::diffusion {

/// Estimate of the clean latent: x − t·v.
at::Tensor clean_estimate(const at::Tensor& x, const at::Tensor& v, double t);

/// Start at partial strength: t·noise + (1 − t)·source, t the first timestep.
at::Tensor mix_noise(const at::Tensor& noise, const at::Tensor& source, double t);

/// Start with a noise curve: c·noise + (1 − c)·source.
at::Tensor mix_noise(const at::Tensor& noise, const at::Tensor& source, const at::Tensor& curve);

/// x + (t_next − t)·v: the Euler step of the flow.
at::Tensor euler_step(const at::Tensor& x, const at::Tensor& v, double t, double t_next);

/// The same with v scaled and noise·curve·t_next added; `curve` undefined or all zero adds nothing.
at::Tensor euler_step(const at::Tensor& x, const at::Tensor& v, double t, double t_next,
                      const at::Tensor& velocity_scale, const at::Tensor& noise,
                      const at::Tensor& curve);

/// t_next·noise + (1 − t_next)·x0; x0 itself when t_next ≤ 0.
at::Tensor sde_step(const at::Tensor& x0, const at::Tensor& noise, double t_next);

/// c·sde(x0) + (1 − c)·sde(source), the same noise in both.
at::Tensor sde_step(const at::Tensor& x0, const at::Tensor& source, const at::Tensor& noise,
                    const at::Tensor& curve, double t_next);

/// (1 − a)·x0 + a·target.
at::Tensor blend_target(const at::Tensor& x0, const at::Tensor& target, const at::Tensor& amount);

/// Before the forward pass of a masked generation (mask 1 = generate): kept frames are put back to
/// the original at the noise level of t.
at::Tensor mask_noisy(const at::Tensor& x, const at::Tensor& original, const at::Tensor& noise,
                      const at::Tensor& mask, double t);

/// On the prediction: m·x0 + (1 − m)·original.
at::Tensor mask_clean(const at::Tensor& x0, const at::Tensor& original, const at::Tensor& mask);

/// Velocities of several conditions: Σ wᵢ·vᵢ / max(Σ wᵢ, 1e-8); an undefined weight is 1.
struct WeightedVelocity {
  at::Tensor velocity;
  at::Tensor weight;
};
at::Tensor blend_velocities(at::ArrayRef<WeightedVelocity> parts);

/// Upstream's repaint helper. After a step: frames outside the region return to
/// t_next·noise + (1 − t_next)·source. `region` [1, T] or [T], non-zero = repaint.
at::Tensor repaint_inject(const at::Tensor& x, const at::Tensor& source, const at::Tensor& noise,
                          const at::Tensor& region, double t_next);

/// At the end: the region is cross-faded into the source over `frames` frames on each side, with
/// the interior points of a linear ramp.
at::Tensor repaint_blend(const at::Tensor& x, const at::Tensor& source, const at::Tensor& region,
                         std::int64_t frames);

}  // namespace headroom::diffusion
