#include "diffusion/guidance.h"

#include "diffusion/steps.h"

namespace headroom::diffusion {
namespace {

constexpr double kTiniestNorm = 1e-12;

// √Σ v² over `dim`, kept as a dimension of 1, in the dtype of v.
at::Tensor norm_over(Workspace& workspace, const at::Tensor& v, std::int64_t dim) {
  auto shape = v.sizes().vec();
  shape.at(static_cast<size_t>(dim)) = 1;
  auto norm = workspace.take(shape, v.scalar_type(), v.device());
  at::norm_out(norm, v, 2, {dim}, /*keepdim=*/true);
  return norm;
}

at::Tensor converted(Workspace& workspace, const at::Tensor& v, at::ScalarType dtype) {
  if (v.scalar_type() == dtype) return v;
  auto other = workspace.like(v, dtype);
  other.copy_(v);
  return other;
}

// min(1, τ/n) per channel. A zero difference stays zero: τ/0 is infinite and the factor 1.
at::Tensor limited(Workspace& workspace, const at::Tensor& difference, double threshold) {
  auto factor = norm_over(workspace, difference, 1);
  factor.reciprocal_().mul_(threshold).clamp_max_(1.0);
  return scaled(workspace, difference, factor);
}

}  // namespace

Projection project(Workspace& workspace, const at::Tensor& v, const at::Tensor& direction,
                   std::int64_t dim) {
  dim = at::maybe_wrap_dim(dim, v.dim());
  const auto wide = converted(workspace, v, at::kDouble);
  auto unit = workspace.like(v, at::kDouble);
  unit.copy_(direction);
  unit.div_(norm_over(workspace, unit, dim).clamp_min_(kTiniestNorm));
  auto parallel = workspace.like(wide);
  at::mul_out(parallel, wide, unit);
  auto shape = v.sizes().vec();
  shape.at(static_cast<size_t>(dim)) = 1;
  auto along = workspace.take(shape, at::kDouble, v.device());
  at::sum_out(along, parallel, {dim}, /*keepdim=*/true);
  at::mul_out(parallel, unit, along);
  auto orthogonal = workspace.like(wide);
  at::sub_out(orthogonal, wide, parallel);
  return {converted(workspace, parallel, v.scalar_type()),
          converted(workspace, orthogonal, v.scalar_type())};
}

at::Tensor Apg::guide(Workspace& workspace, const at::Tensor& conditional,
                      const at::Tensor& unconditional, const Curve& scale, const Curve& momentum) {
  settings_.momentum = momentum;
  return guide(workspace, conditional, unconditional, scale);
}

at::Tensor Apg::guide(Workspace& workspace, const at::Tensor& conditional,
                      const at::Tensor& unconditional, const Curve& scale) {
  auto difference = workspace.like(conditional);
  at::sub_out(difference, conditional, unconditional);
  if (average_.defined())
    difference.add_(scaled(workspace, average_, settings_.momentum.as(average_)));
  average_ = difference;

  if (settings_.norm_threshold > 0.0)
    difference = limited(workspace, difference, settings_.norm_threshold);
  const auto parts = project(workspace, difference, conditional);
  auto update = parts.orthogonal;
  if (settings_.eta != 0.0) update.add_(scaled(workspace, parts.parallel, settings_.eta));
  auto extra = workspace.like(scale.values(), conditional.scalar_type());
  extra.copy_(scale.values());
  auto guided = scaled(workspace, update, extra.sub_(1.0));
  at::add_out(guided, conditional, guided);
  return guided;
}

at::Tensor rescale_guidance(Workspace& workspace, const at::Tensor& guided,
                            const at::Tensor& conditional, const Curve& amount) {
  auto ratio = norm_over(workspace, converted(workspace, conditional, at::kFloat), 1);
  const auto own = converted(workspace, guided, at::kFloat);
  ratio.div_(norm_over(workspace, own, 1).clamp_min_(kTiniestNorm));
  const auto like_reference =
      scaled(workspace, guided, converted(workspace, ratio, guided.scalar_type()));
  return lerp(workspace, like_reference, guided, amount.as(guided));
}

}  // namespace headroom::diffusion
