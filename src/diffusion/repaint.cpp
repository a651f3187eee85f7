#include "diffusion/repaint.h"

#include <algorithm>

#include "diffusion/steps.h"

namespace headroom::diffusion {

at::Tensor repaint_inject(const at::Tensor& x, const at::Tensor& source, const at::Tensor& noise,
                          const at::Tensor& region, double t_next) {
  Workspace workspace;
  const auto inside = region.to(at::kBool).view({1, -1, 1});
  return at::where(inside, x, mix_noise(workspace, noise, source, t_next));
}

at::Tensor repaint_blend(const at::Tensor& x, const at::Tensor& source, const at::Tensor& region,
                         std::int64_t frames) {
  const auto flat = region.to(at::kBool).to(at::kCPU).view({-1});
  const auto length = flat.size(0);
  const auto inside = flat.accessor<bool, 1>();
  auto amount = flat.to(at::kFloat);
  auto ramp = amount.accessor<float, 1>();
  const auto soften = [&](std::int64_t edge, std::int64_t direction) {
    const auto room = direction < 0 ? edge : length - edge;
    const auto count = std::min(frames, room);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto place = direction < 0 ? edge - 1 - i : edge + i;
      if (inside[place]) break;
      const auto value = static_cast<float>(count - i) / static_cast<float>(count + 1);
      ramp[place] = std::max(ramp[place], value);
    }
  };
  for (std::int64_t i = 0; i < length; ++i) {
    if (inside[i] && (i == 0 || !inside[i - 1])) soften(i, -1);
    if (inside[i] && (i + 1 == length || !inside[i + 1])) soften(i + 1, +1);
  }
  Workspace workspace;
  return mask_clean(workspace, x, source, amount.view({1, -1, 1}).to(x.options()));
}

}  // namespace headroom::diffusion
