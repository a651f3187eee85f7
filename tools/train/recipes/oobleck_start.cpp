#include "train/recipes/oobleck_start.h"

namespace headroom::train {
namespace {

constexpr double kSpill = 0.01;  // of what was drawn, in channels that carry something
// Logarithms of frequency and inverse height of a snake that is a straight line up to 6e-6 x².
constexpr double kStraightFrequency = -6.0;
constexpr double kStraightHeight = 0.0;

void set_channels(Parameters& parameters, const std::string& name, const at::Tensor& values,
                  std::int64_t axis, std::int64_t first) {
  auto all = parameters.all().at(name).detach().clone();
  auto some = all.narrow(axis, first, values.size(0));
  some.copy_(values.view_as(some));
  parameters.set(name, all);
}

}  // namespace

std::string encoder_block(size_t i) { return "encoder.block." + std::to_string(i); }
std::string decoder_block(size_t i) { return "decoder.block." + std::to_string(i); }

at::Tensor triangle(std::int64_t stride) {
  const auto at = at::arange(2 * stride, at::kFloat) + 0.5;
  return 1.0 - (at / static_cast<double>(stride) - 1.0).abs();
}

at::Tensor weight_of(const Parameters& parameters, const std::string& layer) {
  const auto v = parameters.all().at(layer + ".weight_v").detach();
  const auto g = parameters.all().at(layer + ".weight_g").detach();
  return v * (g / v.square().sum({1, 2}, /*keepdim=*/true).sqrt());
}

void set_weight(Parameters& parameters, const std::string& layer, const at::Tensor& weight) {
  parameters.set(layer + ".weight_v", weight);
  parameters.set(layer + ".weight_g", weight.square().sum({1, 2}, /*keepdim=*/true).sqrt());
}

void carry(Parameters& parameters, const std::string& layer, const at::Tensor& core, Carried side,
           std::int64_t first_a, std::int64_t first_b) {
  const at::NoGradGuard no_grad;
  const auto axis = static_cast<std::int64_t>(side);
  const auto first = side == Carried::convolution ? first_a : first_b;
  auto weight = weight_of(parameters, layer).clone();
  weight.narrow(axis, first, core.size(axis)).mul_(kSpill);
  const auto first_tap = (weight.size(2) - core.size(2)) / 2;
  weight.narrow(0, first_a, core.size(0))
      .narrow(1, first_b, core.size(1))
      .narrow(2, first_tap, core.size(2))
      .add_(core);
  set_weight(parameters, layer, weight);
  if (parameters.all().contains(layer + ".bias"))
    set_bias(parameters, layer, at::zeros({core.size(axis)}), first);
}

void hold(Parameters& parameters, const std::vector<Slice>& slices) {
  for (const auto& [name, axis, first, count] : slices) {
    const auto& gradient = parameters.all().at(name).grad();
    if (gradient.defined()) gradient.narrow(axis, first, count).zero_();
  }
}

void set_bias(Parameters& parameters, const std::string& layer, const at::Tensor& values,
              std::int64_t first) {
  set_channels(parameters, layer + ".bias", values, 0, first);
}

void straighten(Parameters& parameters, const std::string& snake, std::int64_t channels,
                std::int64_t first) {
  set_channels(parameters, snake + ".alpha", at::full({channels}, kStraightFrequency), 1, first);
  set_channels(parameters, snake + ".beta", at::full({channels}, kStraightHeight), 1, first);
}

void bend(Parameters& parameters, const std::string& snake, const at::Tensor& frequencies,
          std::int64_t first) {
  set_channels(parameters, snake + ".alpha", frequencies.log(), 1, first);
  set_channels(parameters, snake + ".beta", at::zeros_like(frequencies), 1, first);
}

}  // namespace headroom::train
