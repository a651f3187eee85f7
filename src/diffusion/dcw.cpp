#include "diffusion/dcw.h"

#include <cmath>

namespace headroom::diffusion {
namespace {

const double kRootHalf = std::sqrt(0.5);

// Haar bands along time, each [B, ⌈T/2⌉, C]; an odd last frame is paired with zero.
struct Bands {
  at::Tensor low;
  at::Tensor high;
};

Bands analyse(const at::Tensor& x) {
  const auto even = at::constant_pad_nd(x, {0, 0, 0, x.size(1) % 2});
  const auto pairs = even.view({x.size(0), even.size(1) / 2, 2, x.size(2)});
  const auto a = pairs.select(2, 0);
  const auto b = pairs.select(2, 1);
  return {(a + b) * kRootHalf, (a - b) * kRootHalf};
}

at::Tensor synthesise(const Bands& bands, std::int64_t frames) {
  const auto pairs =
      at::stack({(bands.low + bands.high) * kRootHalf, (bands.low - bands.high) * kRootHalf}, 2);
  return pairs.reshape({pairs.size(0), 2 * pairs.size(1), pairs.size(3)}).narrow(1, 0, frames);
}

// A curve at another length: linear interpolation between frame centres.
at::Tensor at_length(const at::Tensor& curve, std::int64_t length) {
  if (curve.dim() == 0 || curve.size(1) == 1 || curve.size(1) == length) return curve;
  return at::upsample_linear1d(curve.transpose(1, 2), {length}, /*align_corners=*/false)
      .transpose(1, 2);
}

at::Tensor push_apart(const at::Tensor& x, const at::Tensor& y, const at::Tensor& amount) {
  return x + at_length(amount, x.size(1)) * (x - y);
}

}  // namespace

at::Tensor correct(const DcwSettings& settings, const at::Tensor& x, const at::Tensor& clean,
                   double t) {
  const auto scaler = settings.scaler.to(x.device(), at::kFloat);
  const auto high_scaler = settings.high_scaler.to(x.device(), at::kFloat);
  const auto wide = x.to(at::kFloat);
  const auto target = clean.to(at::kFloat);
  if (settings.mode == DcwMode::pixel) return push_apart(wide, target, scaler).to(x.scalar_type());

  auto bands = analyse(wide);
  const auto wanted = analyse(target);
  if (settings.mode != DcwMode::high) bands.low = push_apart(bands.low, wanted.low, scaler * t);
  if (settings.mode == DcwMode::high)
    bands.high = push_apart(bands.high, wanted.high, scaler * (1.0 - t));
  if (settings.mode == DcwMode::both)
    bands.high = push_apart(bands.high, wanted.high, high_scaler * (1.0 - t));
  return synthesise(bands, x.size(1)).to(x.scalar_type());
}

}  // namespace headroom::diffusion
