#include "diffusion/slot.h"

#include <algorithm>

#include <ATen/ExpandUtils.h>

#include "diffusion/steps.h"

namespace headroom::diffusion {
namespace {

// Conditions that count at this step; the first of all when none does.
void choose(const std::vector<Condition>& all, std::int64_t step, std::int64_t steps,
            std::vector<const Condition*>& chosen) {
  chosen.clear();
  for (const auto& condition : all) {
    if (!condition.range || condition.range->contains(step, steps)) chosen.push_back(&condition);
  }
  if (chosen.empty() && !all.empty()) chosen.push_back(&all.front());
}

// One velocity as it is, several by their weights.
at::Tensor blended(Workspace& workspace, const std::vector<const Condition*>& conditions,
                   std::span<const at::Tensor> velocities, at::ScalarType dtype) {
  if (conditions.size() == 1) return velocities.front().to(dtype);
  std::vector<WeightedVelocity> parts;
  for (size_t i = 0; i < conditions.size(); ++i)
    parts.push_back({velocities[i].to(dtype), conditions[i]->weight.values()});
  return blend_velocities(workspace, parts);
}

bool has_several_conditions(const Request& request) {
  const auto& primary = request.conditions.front();
  return request.conditions.size() > 1 || primary.weight.defined() || primary.range.has_value();
}

}  // namespace

Slot::Slot(std::uint64_t id, std::shared_ptr<const Request> request, std::vector<double> times,
           std::uint64_t seed, at::ScalarType state, Workspace& workspace)
    : id_(id),
      request_(std::move(request)),
      times_(std::move(times)),
      seed_(request_->seed.value_or(seed)),
      apg_(ApgSettings{.momentum = request_->guidance.momentum}) {
  const auto draw = [&](NoisePurpose purpose) {
    return slot_noise(workspace, seed_, purpose, 0, request_->frames(), request_->channels())
        .to(request_->context.options().dtype(state));
  };
  const auto noise = request_->noise.defined() ? request_->noise : draw(NoisePurpose::initial);
  if (request_->masked()) {
    mask_noise_ = request_->mask.noise.defined() ? request_->mask.noise : draw(NoisePurpose::mask);
  }
  if (request_->guided() && request_->guidance.mode == GuidanceMode::self) initial_noise_ = noise;
  x_ = first_state(workspace, noise);
}

at::Tensor Slot::first_state(Workspace& workspace, const at::Tensor& noise) const {
  const auto& source = request_->source.defined() ? request_->source : request_->mask.original;
  if (!source.defined()) return noise;
  if (request_->initial_noise.defined())
    return mix_noise(workspace, noise, source, request_->initial_noise.values());
  return request_->denoise < 1.0 ? mix_noise(workspace, noise, source, times_.front()) : noise;
}

at::Tensor Slot::mask_now(Workspace& workspace) const {
  const auto& mask = request_->mask;
  return mask.strength ? scaled(workspace, mask.mask.values(), mask.strength(step_, steps()))
                       : mask.mask.values();
}

bool Slot::needs_negatives() const {
  if (!request_->guided() || request_->guidance.mode == GuidanceMode::self) return false;
  return request_->guidance.mode == GuidanceMode::full || !kept_negative_.defined();
}

void Slot::add_rows(const StepScope& scope, std::vector<Row>& rows) {
  auto& workspace = scope.workspace;
  base_ = request_->masked() ? mask_noisy(workspace, x_, request_->mask.original, mask_noise_,
                                          mask_now(workspace), t())
                             : x_;
  const auto& gain = scope.controls.gain;
  const bool gained = gain.defined() && at::is_expandable_to(gain.sizes(), base_.sizes());
  const auto seen = gained ? scaled(workspace, base_, gain) : base_;
  choose(request_->conditions, step_, steps(), positives_);
  negatives_.clear();
  if (needs_negatives()) choose(request_->guidance.negatives, step_, steps(), negatives_);
  for (const auto* condition : positives_)
    rows.push_back({seen, t(), request_->context, condition, false});
  for (const auto* condition : negatives_)
    rows.push_back({seen, t(), request_->context, condition, true});
}

void Slot::advance(const StepScope& scope, std::span<const at::Tensor> velocities) {
  auto v =
      blended(scope.workspace, positives_, velocities.first(positives_.size()), x_.scalar_type());
  if (request_->guided()) {
    const auto negative = negative_velocity(scope, velocities.subspan(positives_.size()));
    if (negative.defined()) v = guided(scope, v, negative);
  }
  x_ = corrected(scope, integrated(scope, v), v);
  base_.reset();
  ++step_;
}

at::Tensor Slot::negative_velocity(const StepScope& scope, std::span<const at::Tensor> velocities) {
  if (request_->guidance.mode == GuidanceMode::self) return initial_noise_;
  if (kept_negative_.defined()) return kept_negative_;
  auto negative = blended(scope.workspace, negatives_, velocities, x_.scalar_type());
  if (request_->guidance.mode == GuidanceMode::initialize) kept_negative_ = negative;
  return negative;
}

at::Tensor Slot::guided(const StepScope& scope, const at::Tensor& positive,
                        const at::Tensor& negative) {
  const auto& own = request_->guidance;
  const auto frames = positive.size(1);
  const auto& live = scope.controls;
  auto v = apg_.guide(scope.workspace, positive, negative,
                      live.effective(SharedCurve::guidance_scale, own.scale, frames),
                      live.effective(SharedCurve::momentum, own.momentum, frames));
  const auto& rescale = live.effective(SharedCurve::rescale, own.rescale, frames);
  return rescale.defined() ? rescale_guidance(scope.workspace, v, positive, rescale) : v;
}

bool Slot::pulls_by_strength(const Curve& strength) const {
  const auto& target = request_->target;
  return target.latent.defined() && !target.curve.defined() && strength.has_effect() &&
         step_ >= steps() / 2 && t() > 0.0;
}

at::Tensor Slot::fresh_noise(const StepScope& scope) const {
  if (scope.noise) return scope.noise(id_, step_).to(x_.options());
  return slot_noise(scope.workspace, seed_, NoisePurpose::step, step_, x_.size(1), x_.size(2))
      .to(x_.options());
}

at::Tensor Slot::integrated(const StepScope& scope, const at::Tensor& v) {
  auto& workspace = scope.workspace;
  const auto& live = scope.controls;
  const auto frames = x_.size(1);
  const auto& speed = live.effective(SharedCurve::velocity_scale, request_->velocity_scale, frames);
  const auto& sde = live.effective(SharedCurve::sde_denoise, request_->sde_denoise, frames);
  const bool sde_curve = sde.defined() && request_->source.defined();
  const auto scaled_v = speed.defined() ? scaled(workspace, v, speed.values()) : v;
  const bool via_clean = request_->masked() || has_several_conditions(*request_) ||
                         (request_->target.latent.defined() && request_->target.curve.defined()) ||
                         request_->guided() || sde_curve || live.method == Method::sde ||
                         pulls_by_strength(live.effective(SharedCurve::target_strength,
                                                          request_->target.strength, frames)) ||
                         t_next() <= 0.0;
  if (via_clean) {
    auto x0 = clean_estimate(workspace, base_, scaled_v, t());
    if (request_->masked())
      x0 = mask_clean(workspace, x0, request_->mask.original, mask_now(workspace));
    return from_clean(scope, pulled(scope, x0), sde_curve ? sde : Curve());
  }
  auto next = euler_step(workspace, base_, scaled_v, t(), t_next());
  const auto& noise = live.effective(SharedCurve::ode_noise, request_->ode_noise, frames);
  if (!noise.has_effect()) return next;
  return add_noise(workspace, next, fresh_noise(scope), noise.values(), t_next());
}

at::Tensor Slot::pulled(const StepScope& scope, const at::Tensor& x0) const {
  const auto& target = request_->target;
  if (!target.latent.defined()) return x0;
  if (target.curve.defined()) {
    // From nothing at the first step (or the gate) to the whole curve at the last.
    const double place =
        static_cast<double>(step_) / static_cast<double>(std::max<std::int64_t>(steps() - 1, 1));
    const double share = std::max(0.0, place - target.gate) / std::max(1.0 - target.gate, 1e-6);
    if (share <= 0.0) return x0;
    return blend_target(scope.workspace, x0, target.latent, target.curve.values(), share);
  }
  const auto& strength =
      scope.controls.effective(SharedCurve::target_strength, target.strength, x0.size(1));
  if (!pulls_by_strength(strength)) return x0;
  return blend_target(scope.workspace, x0, target.latent, strength.values());
}

at::Tensor Slot::from_clean(const StepScope& scope, const at::Tensor& x0, const Curve& sde) {
  auto& workspace = scope.workspace;
  if (sde.defined() && t_next() <= 0.0) return lerp(workspace, x0, request_->source, sde.values());
  if (sde.defined())
    return sde_step(workspace, x0, request_->source, fresh_noise(scope), sde.values(), t_next());
  if (t_next() <= 0.0) return x0;
  if (scope.controls.method == Method::sde)
    return sde_step(workspace, x0, request_->masked() ? mask_noise_ : fresh_noise(scope), t_next());
  auto next = x0.scalar_type() == at::kFloat
                  ? euler_step_from_clean(workspace, base_, x0, t(), t_next())
                  : euler_step(workspace, base_, (base_ - x0) / t(), t(), t_next());
  const auto& noise =
      scope.controls.effective(SharedCurve::ode_noise, request_->ode_noise, x0.size(1));
  if (!noise.has_effect()) return next;
  return add_noise(workspace, next, fresh_noise(scope), noise.values(), t_next());
}

at::Tensor Slot::corrected(const StepScope& scope, const at::Tensor& next, const at::Tensor& v) {
  const auto& dcw = scope.controls.dcw;
  if (!dcw || !dcw->active()) return next;
  auto& workspace = scope.workspace;
  auto after = correct(workspace, *dcw, next, clean_estimate(workspace, base_, v, t()), t());
  if (!request_->masked() || scope.dcw_in_kept_frames) return after;
  return lerp(workspace, after, next, mask_now(workspace));
}

}  // namespace headroom::diffusion
