#include "train/learn/muon.h"

namespace headroom::train {
namespace {

constexpr int kIterations = 5;
// Of x ↦ a x + b (x xᵀ) x + c (x xᵀ)² x, as published.
constexpr double kA = 3.4445;
constexpr double kB = -4.7750;
constexpr double kC = 2.0315;
constexpr double kTiny = 1e-12;
// From this side on products of bf16 are faster, where the processor has them; the iteration
// forgives their rounding.
constexpr std::int64_t kWide = 128;

}  // namespace

at::Tensor orthogonalized(const at::Tensor& x) {
  const bool tall = x.size(0) > x.size(1);
  auto wide = tall ? x.t() : x;
  wide = wide / (wide.norm() + kTiny);
  if (wide.size(0) >= kWide) wide = wide.to(at::kBFloat16);
  for (int i = 0; i < kIterations; ++i) {
    const auto square = at::matmul(wide, wide.t());
    const auto bend = square * kB + at::matmul(square, square) * kC;
    wide = wide * kA + at::matmul(bend, wide);
  }
  return (tall ? wide.t() : wide).to(x.scalar_type());
}

}  // namespace headroom::train
