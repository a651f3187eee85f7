#include "diffusion/request.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "tensor/checkpoint.h"

namespace headroom::diffusion {
namespace {

using Shape = std::array<std::int64_t, 3>;

std::string latent_fault(const char* name, const at::Tensor& latent, const Shape& wanted) {
  if (!latent.defined() || latent.sizes() == at::IntArrayRef(wanted)) return "";
  return fmt::format("{} has shape {}; the context asks for {}", name, shape_text(latent.sizes()),
                     shape_text(wanted));
}

std::string curve_fault(const char* name, const Curve& curve, std::int64_t frames) {
  if (!curve.defined() || curve.fits(frames)) return "";
  return fmt::format("{} has shape {}; it must be one number or one for each of {} frames", name,
                     shape_text(curve.values().sizes()), frames);
}

std::string condition_fault(const char* name, const Condition& condition, std::int64_t frames) {
  if (condition.states.dim() != 3 || condition.states.size(0) != 1 || condition.states.size(1) < 1)
    return fmt::format("{} has states of shape {}, not [1, L, width]", name,
                       shape_text(condition.states.sizes()));
  if (condition.mask.defined() &&
      condition.mask.sizes() != at::IntArrayRef({1, condition.states.size(1)}))
    return fmt::format("{} has a mask of shape {} for {} tokens", name,
                       shape_text(condition.mask.sizes()), condition.states.size(1));
  return curve_fault(name, condition.weight, frames);
}

std::string conditions_fault(const Request& request) {
  if (request.conditions.empty()) return "a generation needs at least one condition";
  for (const auto& condition : request.conditions) {
    auto fault = condition_fault("condition", condition, request.frames());
    if (!fault.empty()) return fault;
  }
  for (const auto& negative : request.guidance.negatives) {
    auto fault = condition_fault("negative condition", negative, request.frames());
    if (!fault.empty()) return fault;
  }
  return "";
}

std::string range_fault(const Request& request) {
  if (!std::isfinite(request.denoise) || request.denoise < 0.0 || request.denoise > 1.0)
    return fmt::format("denoise is {}, must lie in 0…1", request.denoise);
  const double gate = request.target.gate;
  if (!std::isfinite(gate) || gate < 0.0 || gate > 1.0)
    return fmt::format("the target's gate is {}, must lie in 0…1", gate);
  if (request.masked() != request.mask.mask.defined())
    return "a latent mask needs both its mask and the original latent";
  return "";
}

}  // namespace

bool StepRange::contains(std::int64_t step, std::int64_t steps) const {
  if (steps <= 0) return true;
  const double place = static_cast<double>(step) / static_cast<double>(steps);
  return begin <= place && place < end;
}

std::optional<GuidanceMode> parse_guidance_mode(std::string_view name) {
  if (name == "full") return GuidanceMode::full;
  if (name == "initialize") return GuidanceMode::initialize;
  if (name == "self") return GuidanceMode::self;
  return std::nullopt;
}

std::string find_fault(const Request& request) {
  const auto& context = request.context;
  if (context.dim() != 3 || context.size(0) != 1 || context.size(1) < 1 || context.size(2) < 2 ||
      context.size(2) % 2 != 0)
    return fmt::format("the context has shape {}, not [1, T, 2C]",
                       context.defined() ? shape_text(context.sizes()) : "none");
  auto fault = range_fault(request);
  if (!fault.empty()) return fault;
  fault = conditions_fault(request);
  if (!fault.empty()) return fault;
  const auto frames = request.frames();
  const Shape latent{1, frames, request.channels()};
  for (const auto& found : {latent_fault("the source", request.source, latent),
                            latent_fault("the initial noise", request.noise, latent),
                            latent_fault("the target", request.target.latent, latent),
                            latent_fault("the mask's original", request.mask.original, latent),
                            latent_fault("the mask's noise", request.mask.noise, latent),
                            curve_fault("the latent mask", request.mask.mask, frames),
                            curve_fault("initial_noise_curve", request.initial_noise, frames),
                            curve_fault("velocity_scale", request.velocity_scale, frames),
                            curve_fault("ode_noise_curve", request.ode_noise, frames),
                            curve_fault("sde_denoise_curve", request.sde_denoise, frames),
                            curve_fault("x0_target_strength", request.target.strength, frames),
                            curve_fault("x0_target_curve", request.target.curve, frames),
                            curve_fault("guidance_curve", request.guidance.scale, frames),
                            curve_fault("apg_momentum", request.guidance.momentum, frames),
                            curve_fault("cfg_rescale_curve", request.guidance.rescale, frames)}) {
    if (!found.empty()) return found;
  }
  return "";
}

Request prepared(Request request, at::ScalarType dtype) {
  const auto device = request.context.device();
  const auto options = at::TensorOptions(dtype).device(device);
  for (auto* latent : {&request.noise, &request.source, &request.target.latent,
                       &request.mask.original, &request.mask.noise}) {
    if (latent->defined()) *latent = latent->to(options).contiguous();
  }
  for (auto* curve :
       {&request.mask.mask, &request.initial_noise, &request.velocity_scale, &request.ode_noise,
        &request.sde_denoise, &request.target.strength, &request.target.curve,
        &request.guidance.scale, &request.guidance.momentum, &request.guidance.rescale}) {
    *curve = curve->converted(dtype, device);
  }
  for (auto& condition : request.conditions)
    condition.weight = condition.weight.converted(dtype, device);
  for (auto& condition : request.guidance.negatives)
    condition.weight = condition.weight.converted(dtype, device);
  return request;
}

at::Tensor decoder_context(const at::Tensor& latent, const at::Tensor& chunk_mask) {
  if (!chunk_mask.defined()) return at::cat({latent, at::ones_like(latent)}, 2);
  if (chunk_mask.numel() != latent.size(1)) {
    throw Error(ErrorKind::usage, fmt::format("a chunk mask has {} frames, the context has {}",
                                              chunk_mask.numel(), latent.size(1)));
  }
  const auto mask = chunk_mask.to(latent.options()).view({1, -1, 1}).expand_as(latent);
  return at::cat({latent, mask}, 2);
}

std::vector<Request> one_per_seed(const Request& request, const std::vector<std::uint64_t>& seeds) {
  std::vector<Request> requests;
  for (const auto seed : seeds) {
    requests.push_back(request);
    requests.back().seed = seed;
  }
  return requests;
}

}  // namespace headroom::diffusion
