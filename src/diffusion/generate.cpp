#include "diffusion/generate.h"

#include "diffusion/steps.h"

namespace headroom::diffusion {
namespace {

at::Tensor first_state(const Generation& generation) {
  if (!generation.source.defined()) return generation.noise;
  if (generation.denoise <= 0.0) return generation.source;
  if (generation.denoise >= 1.0) return generation.noise;
  return mix_noise(generation.noise, generation.source, generation.times.front());
}

}  // namespace

at::Tensor generate(const Generation& generation, const VelocityField& velocity,
                    Progress& progress) {
  auto x = first_state(generation).to(at::kFloat);
  if (generation.denoise <= 0.0) return x;
  const bool guided = generation.guidance > 1.0 && generation.unconditional;
  Apg apg;
  const auto& times = generation.times;
  const auto steps = static_cast<std::int64_t>(times.size()) - 1;
  progress.stage("generate", steps);
  for (std::int64_t k = 0; k < steps; ++k) {
    const double t = times[static_cast<size_t>(k)];
    const double t_next = times[static_cast<size_t>(k) + 1];
    auto v = velocity(x, t).to(at::kFloat);
    if (guided)
      v = apg.guide(v, generation.unconditional(x, t).to(at::kFloat), generation.guidance);
    const auto clean = clean_estimate(x, v, t);
    at::Tensor next;
    if (k + 1 == steps) {
      next = clean;
    } else if (generation.method == Method::sde) {
      next = sde_step(clean, generation.fresh_noise(k), t_next);
    } else {
      next = euler_step(x, v, t, t_next);
    }
    x = generation.dcw ? correct(*generation.dcw, next, clean, t) : next;
    progress.step();
  }
  return x;
}

}  // namespace headroom::diffusion
