#include "audio/synthesis.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom {

at::Tensor render_events(const at::Tensor& kit, const at::Tensor& events, std::int64_t samples) {
  auto audio = at::zeros({samples}, at::kFloat);
  const auto sounds = kit.contiguous();
  const auto rows = events.contiguous();
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const float* row = rows.data_ptr<float>() + 3 * i;
    const bool placed = row[0] >= 0.0F && row[0] < 1e9F;  // false for NaN, too
    const bool known = row[1] >= 0.0F && row[1] < static_cast<float>(sounds.size(0));
    if (!placed || !known) {
      throw Error(ErrorKind::input, fmt::format("event {} starts nowhere or plays no sound", i));
    }
    const auto start = static_cast<std::int64_t>(row[0]);
    const auto sound = static_cast<std::int64_t>(row[1]);
    const float* source = sounds.data_ptr<float>() + sound * sounds.size(1);
    const std::int64_t end = std::min(samples, start + sounds.size(1));
    for (std::int64_t k = start; k < end; ++k)
      audio.data_ptr<float>()[k] += row[2] * source[k - start];
  }
  return audio;
}

at::Tensor render_notes(const at::Tensor& notes, std::int64_t samples, int rate) {
  auto audio = at::zeros({samples}, at::kDouble);
  const auto rows = notes.to(at::kDouble).contiguous();
  for (std::int64_t i = 0; i < rows.size(0); ++i) {
    const double* row = rows.data_ptr<double>() + 4 * i;
    const double turn = 2.0 * std::numbers::pi * 440.0 * std::exp2((row[0] - 69.0) / 12.0);
    if (!(row[1] >= 0.0 && row[1] < 1e9 && row[2] >= 0.0 && row[2] < 1e9)) {
      throw Error(ErrorKind::input, fmt::format("note {} has no place in the clip", i));
    }
    const auto start = static_cast<std::int64_t>(std::nearbyint(rate * row[1]));
    const auto length = static_cast<std::int64_t>(std::nearbyint(rate * row[2]));
    for (std::int64_t k = 0; k < length && start + k < samples; ++k) {
      const double t = static_cast<double>(k) / rate;
      double sum = 0.0;
      for (int h = 1; h <= 5; ++h) sum += std::sin(turn * h * t) / h;
      const double envelope = std::min(1.0, t / 0.005) * std::exp(-3.0 * t);
      audio.data_ptr<double>()[start + k] += row[3] * envelope * sum;
    }
  }
  return audio.to(at::kFloat);
}

}  // namespace headroom
