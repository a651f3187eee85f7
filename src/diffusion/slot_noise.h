// The noise of one generation: every draw is a pure function of (seed, purpose, step), so it does
// not matter who else draws, nor when. Source: specification of the streaming engine, FIX-1.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include <ATen/ATen.h>

#include "diffusion/noise.h"
#include "diffusion/workspace.h"

namespace headroom::diffusion {

enum class NoisePurpose {
  initial,  // where a generation starts: DEMON's noise of that seed, bit for bit its order
  step,     // fresh noise inside the loop, one draw for each step
  mask,     // the fixed noise under a latent mask
};

/// A generator for one purpose at one step. `initial` uses the seed as it is; the others mix it
/// with purpose and step, so that streams never meet.
NoiseGenerator slot_generator(std::uint64_t seed, NoisePurpose purpose, std::int64_t step = 0);

/// Noise [1, frames, channels] in fp32 on the CPU. `initial` is drawn channel-major (as
/// initial_noise()), the others frame by frame.
at::Tensor slot_noise(Workspace& workspace, std::uint64_t seed, NoisePurpose purpose,
                      std::int64_t step, std::int64_t frames, std::int64_t channels);

}  // namespace headroom::diffusion
