// Timesteps of a generation. t = 1 is noise, t = 0 is music; x_t = t·noise + (1 − t)·x_0.
// Source: specification of the streaming engine, section 5.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

namespace headroom::diffusion {

inline constexpr std::int64_t kMostSteps = 1000;

/// Timesteps t_0 > … > t_n = 0 for `steps` steps: values exactly representable in fp32, held as
/// double. `denoise` is the strength: 1 starts from noise, less starts nearer to the source on the
/// tail of a longer schedule (so it is quantised: with 8 steps everything above 8/9 is full
/// strength), 1e-6 and below is the trivial schedule {0, 0}. `shift` bends the times towards noise.
/// With denoise < 1 there are `steps` steps all the same.
/// Throws Error(usage) for steps outside 1…kMostSteps, shift ≤ 0, or a value that is not finite.
/// `quantise` off starts exactly at `denoise` instead, so that every strength is heard (FIX-8).
std::vector<double> timesteps(std::int64_t steps, double shift, double denoise,
                              bool quantise = true);

/// The same computed in a narrower dtype, every operation rounded, as the reference does in the
/// network's dtype (FIX-9); quantised. For comparing with what it recorded.
std::vector<double> timesteps_in(at::ScalarType dtype, std::int64_t steps, double shift,
                                 double denoise);

/// A schedule given by hand: checks that it is finite, within [0, 1], falling and at least two
/// long.
std::vector<double> explicit_timesteps(std::vector<double> times);

}  // namespace headroom::diffusion
