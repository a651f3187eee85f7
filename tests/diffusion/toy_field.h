// A network for tests of the ring: cheap, deterministic, different for every condition.
#pragma once

#include <functional>

#include "diffusion/denoiser.h"
#include "diffusion/noise.h"
#include "diffusion/request.h"
#include "diffusion/ring.h"

namespace headroom::diffusion {

/// v = 0.6·x + 0.1·(left neighbour) + 0.3·context + mean(states) + 0.2·t, row by row.
class ToyField : public Denoiser {
 public:
  void velocities(std::span<const Row> rows, std::vector<at::Tensor>& velocities) override {
    for (const auto& row : rows) {
      ++passes;
      if (on_row) on_row(row);
      velocities.push_back(row.x * 0.6 + row.x.roll(1, 1) * 0.1 +
                           row.context.narrow(2, 0, row.x.size(2)) * 0.3 +
                           row.condition->states.mean() + 0.2 * row.t);
    }
  }

  int passes = 0;
  std::function<void(const Row&)> on_row;
};

inline at::Tensor draw(std::uint64_t seed, at::IntArrayRef shape) {
  return NoiseGenerator(seed).normal(shape);
}

/// A request of `frames` frames and 4 channels that everything in it follows from `seed`.
inline Request toy_request(std::uint64_t seed, double denoise = 1.0, std::int64_t frames = 12) {
  return {.conditions = {{draw(seed + 100, {1, 5, 3}), at::ones({1, 5})}},
          .context = draw(seed + 200, {1, frames, 8}),
          .seed = seed,
          .source = draw(seed + 300, {1, frames, 4}),
          .denoise = denoise};
}

/// The paced, draining ring of the realtime path, without correction.
inline RingSettings toy_settings(std::int64_t depth, std::int64_t steps = 8) {
  return {.steps = steps, .depth = depth};
}

}  // namespace headroom::diffusion
