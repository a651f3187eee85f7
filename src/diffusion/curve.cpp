#include "diffusion/curve.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"

namespace headroom::diffusion {
namespace {

constexpr double kTau = 6.283185307179586476925;

at::Tensor canonical(const at::Tensor& values) {
  switch (values.dim()) {
    case 0:
      return values.to(at::kFloat).view({1, 1, 1});
    case 1:
      return values.view({1, -1, 1});
    case 2:
      return values.unsqueeze(2);
    case 3:
      return values;
    default:
      throw Error(ErrorKind::usage,
                  fmt::format("a curve has {} dimensions; it is a number, [T], [B, T] or [B, T, 1]",
                              values.dim()));
  }
}

}  // namespace

Curve::Curve(double value)
    : values_(at::full({1, 1, 1}, value, at::kFloat)), effect_(value != 0.0) {}

Curve::Curve(const at::Tensor& values) {
  if (!values.defined()) return;
  values_ = canonical(values);
  effect_ = values_.ne(0).any().item<bool>();
}

bool Curve::fits(std::int64_t frames) const {
  return values_.size(0) == 1 && values_.size(2) == 1 &&
         (values_.size(1) == 1 || values_.size(1) == frames);
}

at::Tensor Curve::as(const at::Tensor& x) const {
  return values_.to(x.options().dtype(x.scalar_type()));
}

Curve Curve::converted(at::ScalarType dtype, at::Device device) const {
  Curve other = *this;
  if (defined()) other.values_ = values_.to(at::TensorOptions(dtype).device(device)).contiguous();
  return other;
}

at::Tensor ramp(double start, double end, std::int64_t n) {
  return at::linspace(start, end, n, at::kFloat);
}

at::Tensor wave(WaveShape shape, std::int64_t period, double amplitude, double offset,
                std::int64_t n) {
  const auto phase = at::arange(n, at::kFloat).remainder(static_cast<double>(period)) /
                     static_cast<double>(period);
  const auto first_half = phase.lt(0.5);
  at::Tensor values;
  switch (shape) {
    case WaveShape::sine:
      values = at::sin(phase * kTau);
      break;
    case WaveShape::square:
      values = first_half.to(at::kFloat) * 2.0 - 1.0;
      break;
    case WaveShape::pulse:
      values = at::where(first_half, phase * 2.0, (1.0 - phase) * 2.0);
      break;
  }
  return values * amplitude + offset;
}

at::Tensor combine(CurveMath math, const at::Tensor& a, const at::Tensor& b, double t) {
  switch (math) {
    case CurveMath::add:
      return a + b;
    case CurveMath::multiply:
      return a * b;
    case CurveMath::smallest:
      return at::minimum(a, b);
    case CurveMath::largest:
      return at::maximum(a, b);
    case CurveMath::lerp:
      return a * (1.0 - t) + b * t;
  }
  throw Error(ErrorKind::internal, "a curve operation without a formula");
}

at::Tensor resample_ends(const at::Tensor& curve, std::int64_t frames) {
  if (curve.size(0) == frames) return curve;
  return at::upsample_linear1d(curve.view({1, 1, -1}), {frames}, /*align_corners=*/true).view({-1});
}

at::Tensor temporal_mask(const at::Tensor& curve, std::int64_t frames) {
  auto clamped = curve.clamp(0.0, 1.0);
  if (clamped.size(0) == frames) return clamped;
  return at::upsample_linear1d(clamped.view({1, 1, -1}), {frames}, /*align_corners=*/false)
      .view({-1});
}

at::Tensor resample_centres(Workspace& workspace, const at::Tensor& curve, std::int64_t frames) {
  if (curve.size(1) == 1 || curve.size(1) == frames) return curve;
  auto line = workspace.take({curve.size(0), 1, frames}, curve.scalar_type(), curve.device());
  at::upsample_linear1d_out(line, curve.transpose(1, 2), {frames}, /*align_corners=*/false);
  return line.transpose(1, 2);
}

std::optional<at::Tensor> client_curve(const nlohmann::json& descriptor, std::int64_t frames) {
  if (!descriptor.is_object()) return std::nullopt;
  const auto finite = [](const nlohmann::json& value) {
    return value.is_number() && std::isfinite(value.get<float>());
  };
  const auto type = descriptor.value("type", nlohmann::json("constant"));
  if (type == "constant") {
    const auto value = descriptor.value("value", nlohmann::json(1.0));
    if (!finite(value)) return std::nullopt;
    return at::full({1, frames, 1}, value.get<double>(), at::kFloat);
  }
  const auto values = descriptor.value("values", nlohmann::json::array());
  if (type != "raw" || !values.is_array() || values.empty()) return std::nullopt;
  if (!std::all_of(values.begin(), values.end(), finite)) return std::nullopt;
  const auto curve = at::tensor(values.get<std::vector<float>>(), at::kFloat);
  return resample_ends(curve, frames).view({1, -1, 1});
}

}  // namespace headroom::diffusion
