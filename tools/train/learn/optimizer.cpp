#include "train/learn/optimizer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "train/learn/muon.h"

namespace headroom::train {
namespace {

constexpr double kUsualStep = 0.2;  // root mean square of what Adam does at a rate of one

Shapes shapes_of(const Parameters& parameters) {
  Shapes shapes;
  for (const auto& [name, tensor] : parameters.all()) shapes[name] = tensor.sizes().vec();
  return shapes;
}

bool is_matrix(const at::Tensor& tensor) {
  return tensor.dim() == 2 && tensor.size(0) > 1 && tensor.size(1) > 1;
}

}  // namespace

Optimizer::Optimizer(Parameters& parameters, const OptimizerSettings& settings)
    : parameters_(parameters),
      settings_(settings),
      average_(
          shapes_of(parameters),
          [&](const std::string& name, at::IntArrayRef) {
            return parameters.all().at(name).detach();
          },
          [](const std::string&) { return true; }) {
  for (const auto& [name, tensor] : parameters.all()) {
    if (!tensor.requires_grad()) continue;
    const bool muons = is_matrix(tensor) && !settings_.tables.contains(name);
    moments_[name] = {at::zeros_like(tensor), muons ? at::Tensor() : at::zeros_like(tensor)};
  }
}

double Optimizer::gradient_norm() const {
  double sum = 0.0;
  for (const auto& [name, tensor] : parameters_.all()) {
    if (tensor.grad().defined()) sum += tensor.grad().square().sum().item<double>();
  }
  return std::sqrt(sum);
}

// The direction that Adam goes for a rate of one.
at::Tensor Optimizer::adams_step(Moments& moments, const at::Tensor& gradient) const {
  const auto count = static_cast<double>(steps_);
  const double correct1 = 1.0 - std::pow(settings_.beta1, count);
  const double correct2 = 1.0 - std::pow(settings_.beta2, count);
  moments.first.lerp_(gradient, 1.0 - settings_.beta1);
  moments.second.mul_(settings_.beta2).addcmul_(gradient, gradient, 1.0 - settings_.beta2);
  return moments.first / moments.second.div(correct2).sqrt_().add_(settings_.eps).mul_(correct1);
}

// Muon's, with Nesterov's look ahead, at the mean size of Adam's.
at::Tensor Optimizer::muons_step(Moments& moments, const at::Tensor& gradient) const {
  moments.first.mul_(settings_.momentum).add_(gradient);
  const auto ahead = gradient + moments.first * settings_.momentum;
  const auto longest = static_cast<double>(std::max(ahead.size(0), ahead.size(1)));
  return orthogonalized(ahead).mul_(kUsualStep * std::sqrt(longest));
}

double Optimizer::step(double rate) {
  const at::NoGradGuard no_grad;
  const double norm = gradient_norm();
  ++steps_;
  const auto count = static_cast<double>(steps_);
  const double scale = std::min(1.0, settings_.most_norm / (norm + 1e-12));
  const double keep = std::min(settings_.average, (1.0 + count) / (10.0 + count));
  for (const auto& [name, tensor] : parameters_.all()) {
    auto weights = tensor;
    const auto gradient = tensor.grad();
    if (gradient.defined() && std::isfinite(norm)) {
      auto& moments = moments_.at(name);
      const auto change = moments.second.defined() ? adams_step(moments, gradient * scale)
                                                   : muons_step(moments, gradient * scale);
      if (tensor.dim() > 1) weights.mul_(1.0 - rate * settings_.decay);
      weights.sub_(change, rate);
    }
    if (gradient.defined()) weights.mutable_grad() = at::Tensor();
    at::Tensor(average_.all().at(name)).lerp_(weights, 1.0 - keep);
  }
  return norm;
}

std::map<std::string, at::Tensor> Optimizer::state() const {
  std::map<std::string, at::Tensor> state;
  for (const auto& [name, tensor] : parameters_.all()) state["w." + name] = tensor.detach();
  for (const auto& [name, tensor] : average_.all()) state["a." + name] = tensor;
  for (const auto& [name, moments] : moments_) {
    state["m." + name] = moments.first;
    if (moments.second.defined()) state["v." + name] = moments.second;
  }
  return state;
}

void Optimizer::restore(const std::map<std::string, at::Tensor>& state, std::int64_t steps) {
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
    if (moments.second.defined()) take("v." + name, moments.second);
  }
  steps_ = steps;
}

}  // namespace headroom::train
