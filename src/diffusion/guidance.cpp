#include "diffusion/guidance.h"

namespace headroom::diffusion {
namespace {

constexpr double kTiniestNorm = 1e-12;

at::Tensor norm_over_time(const at::Tensor& v) { return v.norm(2, {1}, /*keepdim=*/true); }

}  // namespace

at::Tensor Apg::guide(const at::Tensor& conditional, const at::Tensor& unconditional,
                      const at::Tensor& scale) {
  auto difference = conditional - unconditional;
  if (average_.defined()) difference = difference + average_ * settings_.momentum;
  average_ = difference;

  const auto norm = norm_over_time(difference);
  // A zero difference stays zero: threshold / 0 is infinite and the factor 1.
  difference = difference * (settings_.norm_threshold / norm).clamp_max(1.0);

  const auto wide = difference.to(at::kDouble);
  const auto direction = conditional.to(at::kDouble);
  const auto unit = direction / norm_over_time(direction).clamp_min(kTiniestNorm);
  const auto parallel = (wide * unit).sum(1, /*keepdim=*/true) * unit;
  const auto orthogonal = wide - parallel;
  const auto update = (orthogonal + parallel * settings_.eta).to(conditional.scalar_type());
  return conditional + (scale - 1.0) * update;
}

at::Tensor Apg::guide(const at::Tensor& conditional, const at::Tensor& unconditional,
                      double scale) {
  return guide(conditional, unconditional, at::scalar_tensor(scale, conditional.options()));
}

at::Tensor rescale_guidance(const at::Tensor& guided, const at::Tensor& conditional,
                            const at::Tensor& amount) {
  const auto wide = guided.to(at::kFloat);
  const auto ratio =
      norm_over_time(conditional.to(at::kFloat)) / norm_over_time(wide).clamp_min(kTiniestNorm);
  return (amount * wide * ratio + (1.0 - amount) * wide).to(guided.scalar_type());
}

}  // namespace headroom::diffusion
