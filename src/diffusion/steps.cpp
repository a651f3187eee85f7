#include "diffusion/steps.h"

#include <algorithm>

namespace headroom::diffusion {

at::Tensor clean_estimate(const at::Tensor& x, const at::Tensor& v, double t) { return x - v * t; }

at::Tensor mix_noise(const at::Tensor& noise, const at::Tensor& source, double t) {
  return noise * t + source * (1.0 - t);
}

at::Tensor mix_noise(const at::Tensor& noise, const at::Tensor& source, const at::Tensor& curve) {
  return curve * noise + (1.0 - curve) * source;
}

at::Tensor euler_step(const at::Tensor& x, const at::Tensor& v, double t, double t_next) {
  return x + v * (t_next - t);
}

at::Tensor euler_step(const at::Tensor& x, const at::Tensor& v, double t, double t_next,
                      const at::Tensor& velocity_scale, const at::Tensor& noise,
                      const at::Tensor& curve) {
  const auto scaled = velocity_scale.defined() ? v * velocity_scale : v;
  const auto moved = euler_step(x, scaled, t, t_next);
  return curve.defined() ? moved + noise * (curve * t_next) : moved;
}

at::Tensor sde_step(const at::Tensor& x0, const at::Tensor& noise, double t_next) {
  return t_next <= 0.0 ? x0 : mix_noise(noise, x0, t_next);
}

at::Tensor sde_step(const at::Tensor& x0, const at::Tensor& source, const at::Tensor& noise,
                    const at::Tensor& curve, double t_next) {
  return curve * mix_noise(noise, x0, t_next) + (1.0 - curve) * mix_noise(noise, source, t_next);
}

at::Tensor blend_target(const at::Tensor& x0, const at::Tensor& target, const at::Tensor& amount) {
  return (1.0 - amount) * x0 + amount * target;
}

at::Tensor mask_noisy(const at::Tensor& x, const at::Tensor& original, const at::Tensor& noise,
                      const at::Tensor& mask, double t) {
  return mask_clean(x, mix_noise(noise, original, t), mask);
}

at::Tensor mask_clean(const at::Tensor& x0, const at::Tensor& original, const at::Tensor& mask) {
  return mask * x0 + (1.0 - mask) * original;
}

at::Tensor blend_velocities(at::ArrayRef<WeightedVelocity> parts) {
  constexpr double least = 1e-8;
  at::Tensor sum;
  at::Tensor total;
  for (const auto& part : parts) {
    const auto weight = part.weight.defined()
                            ? part.weight
                            : at::ones({1, part.velocity.size(1), 1}, part.velocity.options());
    const auto weighted = part.velocity * weight;
    sum = sum.defined() ? sum + weighted : weighted;
    total = total.defined() ? total + weight : weight;
  }
  return sum / total.clamp_min(least);
}

at::Tensor repaint_inject(const at::Tensor& x, const at::Tensor& source, const at::Tensor& noise,
                          const at::Tensor& region, double t_next) {
  const auto inside = region.to(at::kBool).view({1, -1, 1});
  return at::where(inside, x, mix_noise(noise, source, t_next));
}

at::Tensor repaint_blend(const at::Tensor& x, const at::Tensor& source, const at::Tensor& region,
                         std::int64_t frames) {
  const auto flat = region.to(at::kBool).to(at::kCPU).view({-1});
  const auto length = flat.size(0);
  const auto inside = flat.accessor<bool, 1>();
  auto amount = flat.to(at::kFloat);
  auto ramp = amount.accessor<float, 1>();
  const auto soften = [&](std::int64_t edge, std::int64_t direction) {
    const auto room = direction < 0 ? edge : length - edge;
    const auto count = std::min(frames, room);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto place = direction < 0 ? edge - 1 - i : edge + i;
      if (inside[place]) break;
      const auto value = static_cast<float>(count - i) / static_cast<float>(count + 1);
      ramp[place] = std::max(ramp[place], value);
    }
  };
  for (std::int64_t i = 0; i < length; ++i) {
    if (inside[i] && (i == 0 || !inside[i - 1])) soften(i, -1);
    if (inside[i] && (i + 1 == length || !inside[i + 1])) soften(i + 1, +1);
  }
  return mask_clean(x, source, amount.view({1, -1, 1}).to(x.options()));
}

}  // namespace headroom::diffusion
