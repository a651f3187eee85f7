// What can be turned while generations are under way: it acts on all of them from the next tick.
// Source: specification of the streaming engine, section 13.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include <ATen/ATen.h>

#include "diffusion/curve.h"
#include "diffusion/dcw.h"

namespace headroom::diffusion {

enum class Method {
  ode,  // Euler along the flow
  sde,  // to the estimate, then noise again
};

/// Curves of a request that a shared one can override.
enum class SharedCurve {
  velocity_scale,
  sde_denoise,  // acts on generations with a source only
  ode_noise,
  target_strength,
  guidance_scale,  // acts on generations that are guided
  momentum,
  rescale,
};
inline constexpr size_t kSharedCurves = 7;

/// The protocol's names: velocity_scale, sde_denoise_curve, ode_noise_curve, x0_target_strength,
/// guidance_curve, apg_momentum, cfg_rescale_curve. Nothing for others: a name that would be stored
/// and ignored is refused.
std::optional<SharedCurve> parse_shared_curve(std::string_view name);

/// The live controls of a ring.
struct Controls {
  Method method = Method::ode;
  /// None: no correction.
  std::optional<DcwSettings> dcw{};
  /// Factor on what the network sees of the state, [1, 1 or T, C]; undefined: none. The state
  /// itself is not scaled.
  at::Tensor gain{};
  std::array<Curve, kSharedCurves> shared{};

  /// A curve that is set for all, else the request's own. A shared one of another length than the
  /// generation counts as not set: it belongs to a source that was swapped.
  const Curve& effective(SharedCurve name, const Curve& own, std::int64_t frames) const;
};

}  // namespace headroom::diffusion
