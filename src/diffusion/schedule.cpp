#include "diffusion/schedule.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::diffusion {
namespace {

constexpr double kNoDenoise = 1e-6;

double first_time(std::int64_t steps, double denoise) {
  if (denoise >= 1.0) return 1.0;
  // In double on purpose: 8 / 0.8f would truncate to 9 instead of 10.
  return static_cast<double>(steps) / std::trunc(static_cast<double>(steps) / denoise);
}

}  // namespace

std::vector<double> timesteps(std::int64_t steps, double shift, double denoise, bool quantise) {
  if (steps < 1 || steps > kMostSteps) {
    throw Error(ErrorKind::usage, fmt::format("steps is {}, must lie in 1…{}", steps, kMostSteps));
  }
  if (!std::isfinite(shift) || shift <= 0.0) {
    throw Error(ErrorKind::usage, fmt::format("shift is {}, must be a positive number", shift));
  }
  if (!std::isfinite(denoise)) throw Error(ErrorKind::usage, "strength must be a finite number");
  if (denoise <= kNoDenoise) return {0.0, 0.0};
  const double start = quantise ? first_time(steps, denoise) : std::min(denoise, 1.0);
  std::vector<double> times;
  for (std::int64_t i = 0; i <= steps; ++i) {
    const double u = start * (static_cast<double>(steps - i) / static_cast<double>(steps));
    times.push_back(static_cast<float>(shift * u / (1.0 + (shift - 1.0) * u)));
  }
  return times;
}

std::vector<double> timesteps_in(at::ScalarType dtype, std::int64_t steps, double shift,
                                 double denoise) {
  auto times = timesteps(steps, shift, denoise);
  if (dtype == at::kFloat || times.front() == 0.0) return times;
  auto t = at::linspace(first_time(steps, denoise), 0.0, steps + 1, at::TensorOptions(dtype));
  if (shift != 1.0) t = t * shift / (t * (shift - 1.0) + 1.0);
  const auto wide = t.to(at::kDouble).contiguous();
  return {wide.data_ptr<double>(), wide.data_ptr<double>() + wide.numel()};
}

std::vector<double> explicit_timesteps(std::vector<double> times) {
  if (times.size() < 2) throw Error(ErrorKind::usage, "a schedule needs at least two timesteps");
  double last = 1.0;
  for (double& time : times) {
    time = static_cast<float>(time);
    if (!(time >= 0.0 && time <= last)) {
      throw Error(ErrorKind::usage,
                  fmt::format("timestep {} is out of order: they fall from 1 to 0", time));
    }
    last = time;
  }
  return times;
}

}  // namespace headroom::diffusion
