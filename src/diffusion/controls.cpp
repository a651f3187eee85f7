#include "diffusion/controls.h"

namespace headroom::diffusion {

std::optional<SharedCurve> parse_shared_curve(std::string_view name) {
  if (name == "velocity_scale") return SharedCurve::velocity_scale;
  if (name == "sde_denoise_curve") return SharedCurve::sde_denoise;
  if (name == "ode_noise_curve") return SharedCurve::ode_noise;
  if (name == "x0_target_strength") return SharedCurve::target_strength;
  if (name == "guidance_curve") return SharedCurve::guidance_scale;
  if (name == "apg_momentum") return SharedCurve::momentum;
  if (name == "cfg_rescale_curve") return SharedCurve::rescale;
  return std::nullopt;
}

const Curve& Controls::effective(SharedCurve name, const Curve& own, std::int64_t frames) const {
  const auto& common = shared.at(static_cast<size_t>(name));
  return common.defined() && common.fits(frames) ? common : own;
}

}  // namespace headroom::diffusion
