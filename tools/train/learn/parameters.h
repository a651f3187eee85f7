// The tensors that a training changes, under the names that the published checkpoints give them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "tensor/weights.h"

namespace headroom::train {

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

/// The names and shapes that networks ask for when `bind` binds them.
Shapes shapes_of(const std::function<void(const Weights&)>& bind);

/// A source of weights whose tensors are leaves of autograd: a network bound to it is
/// differentiable, and what backward() finds lies in the leaves' grad(). Bind anew for every step:
/// some networks fuse weights while they bind. One thread.
class Parameters : public WeightSource {
 public:
  using Initial = std::function<at::Tensor(const std::string& name, at::IntArrayRef shape)>;

  Parameters() = default;
  /// `initial` gives the values. `fixed` says which tensors are not trained.
  Parameters(const Shapes& shapes, const Initial& initial,
             const std::function<bool(const std::string&)>& fixed);

  bool has(const std::string& name) const override { return tensors_.contains(name); }
  std::vector<std::int64_t> shape_of(const std::string& name) const override;
  at::Tensor get(const std::string& name, at::IntArrayRef shape) override;

  const std::map<std::string, at::Tensor>& all() const { return tensors_; }
  void set(const std::string& name, const at::Tensor& values);
  std::int64_t count() const;

 private:
  std::map<std::string, at::Tensor> tensors_;
};

}  // namespace headroom::train
