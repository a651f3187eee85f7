#include "train/learn/parameters.h"

#include <fmt/format.h>

#include "base/error.h"
#include "studio/random_weights.h"
#include "tensor/checkpoint.h"

namespace headroom::train {

Shapes shapes_of(const std::function<void(const Weights&)>& bind) {
  studio::RecordingSource source;
  bind(Weights(source));
  return source.shapes();
}

Parameters::Parameters(const Shapes& shapes, const Initial& initial,
                       const std::function<bool(const std::string&)>& fixed) {
  for (const auto& [name, shape] : shapes) {
    auto values = initial(name, shape).to(at::kFloat).clone();
    values.set_requires_grad(!fixed(name));
    tensors_.emplace(name, values);
  }
}

std::vector<std::int64_t> Parameters::shape_of(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end())
    throw Error(ErrorKind::checkpoint, fmt::format("tensor '{}' is missing", name));
  return found->second.sizes().vec();
}

at::Tensor Parameters::get(const std::string& name, at::IntArrayRef shape) {
  const auto have = shape_of(name);
  if (at::IntArrayRef(have) != shape) {
    throw Error(ErrorKind::checkpoint, fmt::format("tensor '{}' is {}, expected {}", name,
                                                   shape_text(have), shape_text(shape)));
  }
  return tensors_.at(name);
}

void Parameters::set(const std::string& name, const at::Tensor& values) {
  const at::NoGradGuard no_grad;
  get(name, values.sizes()).copy_(values);
}

std::int64_t Parameters::count() const {
  std::int64_t sum = 0;
  for (const auto& [name, tensor] : tensors_) sum += tensor.numel();
  return sum;
}

}  // namespace headroom::train
