#include "train/learn/adamw.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::train {
namespace {

Shapes shapes_of(const Parameters& parameters) {
  Shapes shapes;
  for (const auto& [name, tensor] : parameters.all()) shapes[name] = tensor.sizes().vec();
  return shapes;
}

}  // namespace

AdamW::AdamW(Parameters& parameters, const AdamSettings& settings)
    : parameters_(parameters),
      settings_(settings),
      average_(
          shapes_of(parameters),
          [&](const std::string& name, at::IntArrayRef) {
            return parameters.all().at(name).detach();
          },
          [](const std::string&) { return true; }) {
  for (const auto& [name, tensor] : parameters.all()) {
    if (tensor.requires_grad()) moments_[name] = {at::zeros_like(tensor), at::zeros_like(tensor)};
  }
}

double AdamW::gradient_norm() const {
  double sum = 0.0;
  for (const auto& [name, tensor] : parameters_.all()) {
    if (tensor.grad().defined()) sum += tensor.grad().square().sum().item<double>();
  }
  return std::sqrt(sum);
}

double AdamW::step(double rate) {
  const at::NoGradGuard no_grad;
  const double norm = gradient_norm();
  ++steps_;
  const auto count = static_cast<double>(steps_);
  const double scale = std::min(1.0, settings_.most_norm / (norm + 1e-12));
  const double correct1 = 1.0 - std::pow(settings_.beta1, count);
  const double correct2 = 1.0 - std::pow(settings_.beta2, count);
  const double keep = std::min(settings_.average, (1.0 + count) / (10.0 + count));
  for (const auto& [name, tensor] : parameters_.all()) {
    auto weights = tensor;
    auto gradient = tensor.grad();
    if (gradient.defined() && std::isfinite(norm)) {
      auto& [first, second] = moments_.at(name);
      gradient = gradient.mul(scale);
      first.lerp_(gradient, 1.0 - settings_.beta1);
      second.mul_(settings_.beta2).addcmul_(gradient, gradient, 1.0 - settings_.beta2);
      const auto root = second.div(correct2).sqrt_().add_(settings_.eps);
      if (tensor.dim() > 1) weights.mul_(1.0 - rate * settings_.decay);
      weights.addcdiv_(first, root, -rate / correct1);
    }
    if (gradient.defined()) weights.mutable_grad() = at::Tensor();
    at::Tensor(average_.all().at(name)).lerp_(weights, 1.0 - keep);
  }
  return norm;
}

std::map<std::string, at::Tensor> AdamW::state() const {
  std::map<std::string, at::Tensor> state;
  for (const auto& [name, tensor] : parameters_.all()) state["w." + name] = tensor.detach();
  for (const auto& [name, tensor] : average_.all()) state["a." + name] = tensor;
  for (const auto& [name, moments] : moments_) {
    state["m." + name] = moments.first;
    state["v." + name] = moments.second;
  }
  return state;
}

void AdamW::restore(const std::map<std::string, at::Tensor>& state, std::int64_t steps) {
  const at::NoGradGuard no_grad;
  const auto take = [&](const std::string& name, const at::Tensor& into) {
    const auto found = state.find(name);
    if (found == state.end() || found->second.sizes() != into.sizes()) {
      throw Error(ErrorKind::checkpoint,
                  fmt::format("the training's state does not fit this network at '{}'", name));
    }
    into.copy_(found->second);
  };
  // What is not trained any more stays what was exported: the average.
  for (const auto& [name, tensor] : parameters_.all())
    take((tensor.requires_grad() ? "w." : "a.") + name, tensor);
  for (const auto& [name, tensor] : average_.all()) take("a." + name, tensor);
  for (const auto& [name, moments] : moments_) {
    take("m." + name, moments.first);
    take("v." + name, moments.second);
  }
  steps_ = steps;
}

}  // namespace headroom::train
