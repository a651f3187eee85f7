// Tensors that are made once and used again: the memory of a plan.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

namespace headroom::diffusion {

/// Hands out uninitialised tensors. One that nobody else holds any more (neither itself nor a view
/// of it) is handed out again, so work that repeats takes memory in its first round only. Giving
/// back is letting go. One thread; the tensors themselves may travel.
class Workspace {
 public:
  at::Tensor take(at::IntArrayRef shape, at::ScalarType dtype = at::kFloat,
                  at::Device device = at::kCPU);
  /// Of the shape, dtype and device of `x`.
  at::Tensor like(const at::Tensor& x);
  /// Of the shape and device of `x`.
  at::Tensor like(const at::Tensor& x, at::ScalarType dtype);

  /// Forgets what nobody holds: after the shapes of the work have changed.
  void trim();

  /// Tensors and bytes that it has now, held by others or not.
  std::size_t count() const { return tensors_.size(); }
  std::uint64_t bytes() const;

 private:
  std::vector<at::Tensor> tensors_;
};

}  // namespace headroom::diffusion
