#include "diffusion/steps.h"

#include <ATen/ScalarOps.h>

namespace headroom::diffusion {
namespace {

at::Tensor number(double value) { return at::native::wrapped_scalar_tensor(value); }

// 1 − c.
at::Tensor complement(Workspace& workspace, const at::Tensor& c) {
  auto rest = workspace.like(c);
  at::sub_out(rest, number(1.0), c);
  return rest;
}

}  // namespace

at::Tensor scaled(Workspace& workspace, const at::Tensor& a, double k) {
  auto out = workspace.like(a);
  at::mul_out(out, a, number(k));
  return out;
}

at::Tensor scaled(Workspace& workspace, const at::Tensor& a, const at::Tensor& c) {
  auto out = workspace.like(a);
  at::mul_out(out, a, c);
  return out;
}

at::Tensor lerp(Workspace& workspace, const at::Tensor& a, const at::Tensor& b, double c) {
  auto out = scaled(workspace, a, c);
  out.add_(scaled(workspace, b, 1.0 - c));
  return out;
}

at::Tensor lerp(Workspace& workspace, const at::Tensor& a, const at::Tensor& b,
                const at::Tensor& c) {
  auto out = scaled(workspace, a, c);
  out.add_(scaled(workspace, b, complement(workspace, c)));
  return out;
}

at::Tensor clean_estimate(Workspace& workspace, const at::Tensor& x, const at::Tensor& v,
                          double t) {
  auto out = scaled(workspace, v, t);
  at::sub_out(out, x, out);
  return out;
}

at::Tensor mix_noise(Workspace& workspace, const at::Tensor& noise, const at::Tensor& source,
                     double t) {
  return lerp(workspace, noise, source, t);
}

at::Tensor mix_noise(Workspace& workspace, const at::Tensor& noise, const at::Tensor& source,
                     const at::Tensor& curve) {
  return lerp(workspace, noise, source, curve);
}

at::Tensor euler_step(Workspace& workspace, const at::Tensor& x, const at::Tensor& v, double t,
                      double t_next) {
  auto out = scaled(workspace, v, t_next - t);
  at::add_out(out, x, out);
  return out;
}

at::Tensor euler_step_from_clean(Workspace& workspace, const at::Tensor& x, const at::Tensor& x0,
                                 double t, double t_next) {
  return lerp(workspace, x, x0, t_next / t);
}

at::Tensor add_noise(Workspace& workspace, const at::Tensor& x, const at::Tensor& noise,
                     const at::Tensor& curve, double t_next) {
  auto out = scaled(workspace, noise, scaled(workspace, curve, t_next));
  at::add_out(out, x, out);
  return out;
}

at::Tensor sde_step(Workspace& workspace, const at::Tensor& x0, const at::Tensor& noise,
                    double t_next) {
  return t_next <= 0.0 ? x0 : mix_noise(workspace, noise, x0, t_next);
}

at::Tensor sde_step(Workspace& workspace, const at::Tensor& x0, const at::Tensor& source,
                    const at::Tensor& noise, const at::Tensor& curve, double t_next) {
  return lerp(workspace, mix_noise(workspace, noise, x0, t_next),
              mix_noise(workspace, noise, source, t_next), curve);
}

at::Tensor blend_target(Workspace& workspace, const at::Tensor& x0, const at::Tensor& target,
                        const at::Tensor& amount, double k) {
  return lerp(workspace, target, x0, k == 1.0 ? amount : scaled(workspace, amount, k));
}

at::Tensor mask_noisy(Workspace& workspace, const at::Tensor& x, const at::Tensor& original,
                      const at::Tensor& noise, const at::Tensor& mask, double t) {
  return mask_clean(workspace, x, mix_noise(workspace, noise, original, t), mask);
}

at::Tensor mask_clean(Workspace& workspace, const at::Tensor& x0, const at::Tensor& original,
                      const at::Tensor& mask) {
  return lerp(workspace, x0, original, mask);
}

at::Tensor blend_velocities(Workspace& workspace, at::ArrayRef<WeightedVelocity> parts) {
  constexpr double least = 1e-8;
  const auto& first = parts.front().velocity;
  auto sum = workspace.like(first);
  sum.zero_();
  auto total =
      workspace.take({first.size(0), first.size(1), 1}, first.scalar_type(), first.device());
  total.zero_();
  for (const auto& part : parts) {
    if (part.weight.defined()) {
      sum.add_(scaled(workspace, part.velocity, part.weight));
      total.add_(part.weight);
    } else {
      sum.add_(part.velocity);
      total.add_(1.0);
    }
  }
  total.clamp_min_(least);
  return sum.div_(total);
}

}  // namespace headroom::diffusion
