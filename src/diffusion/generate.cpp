#include "diffusion/generate.h"

#include <algorithm>

#include "base/error.h"
#include "diffusion/noise.h"

namespace headroom::diffusion {
namespace {

// Two functions as a network; the context only carries the shape.
class Fields final : public Denoiser {
 public:
  Fields(const VelocityField& positive, const VelocityField& negative)
      : positive_(positive), negative_(negative) {}

  void velocities(std::span<const Row> rows, std::vector<at::Tensor>& velocities) override {
    for (const auto& row : rows)
      velocities.push_back((row.negative ? negative_ : positive_)(row.x, row.t));
  }

 private:
  const VelocityField& positive_;
  const VelocityField& negative_;
};

Condition no_condition() { return {.states = at::zeros({1, 1, 1}), .mask = {}}; }

}  // namespace

at::Tensor generate(const Request& request, Denoiser& denoiser, RingSettings settings,
                    Progress& progress) {
  if (request.denoise <= 0.0) {
    const auto fault = find_fault(request);
    if (!fault.empty()) throw Error(ErrorKind::usage, fault);
    if (request.source.defined()) return request.source;
    if (request.noise.defined()) return request.noise;
    return initial_noise(request.seed.value_or(settings.seed), request.frames(),
                         request.channels());
  }
  settings.depth = 1;
  Ring ring(denoiser, std::move(settings));
  const auto id = ring.submit(request);
  if (!id) throw Error(ErrorKind::usage, id.error().reason);
  progress.stage("generate", static_cast<std::int64_t>(ring.schedule(request.denoise).size()) - 1);
  while (!ring.idle()) {
    auto finished = ring.tick();
    progress.step();
    if (finished) return finished->latent;
  }
  throw Error(ErrorKind::internal, "a generation ended without a latent");
}

at::Tensor generate(const Generation& generation, const VelocityField& velocity,
                    Progress& progress) {
  const auto& noise = generation.noise;
  Request request{
      .conditions = {no_condition()},
      .context =
          at::zeros({1, 1, 1}, noise.options()).expand({1, noise.size(1), 2 * noise.size(2)}),
      .noise = noise,
      .source = generation.source,
      .denoise = std::max(generation.denoise, 0.0)};
  // At full strength a source takes no part, and strengths above 1 are full.
  if (request.denoise >= 1.0) {
    request.denoise = 1.0;
    request.source = at::Tensor();
  }
  if (generation.guidance > 1.0 && generation.unconditional) {
    request.guidance.scale = generation.guidance;
    request.guidance.negatives.push_back(no_condition());
  }
  RingSettings settings{.times = generation.times};
  settings.controls.method = generation.method;
  settings.controls.dcw = generation.dcw;
  if (generation.fresh_noise)
    settings.step_noise = [&](std::uint64_t, std::int64_t k) { return generation.fresh_noise(k); };
  Fields fields(velocity, generation.unconditional);
  return generate(request, fields, std::move(settings), progress);
}

}  // namespace headroom::diffusion
