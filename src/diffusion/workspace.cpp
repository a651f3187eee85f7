#include "diffusion/workspace.h"

#include <algorithm>

namespace headroom::diffusion {
namespace {

bool is_free(const at::Tensor& tensor) {
  return tensor.use_count() == 1 && tensor.storage().use_count() == 1;
}

}  // namespace

at::Tensor Workspace::take(at::IntArrayRef shape, at::ScalarType dtype, at::Device device) {
  for (const auto& tensor : tensors_) {
    if (tensor.scalar_type() == dtype && tensor.sizes() == shape && tensor.device() == device &&
        is_free(tensor)) {
      return tensor;
    }
  }
  tensors_.push_back(at::empty(shape, at::TensorOptions(dtype).device(device)));
  return tensors_.back();
}

at::Tensor Workspace::like(const at::Tensor& x) { return like(x, x.scalar_type()); }

at::Tensor Workspace::like(const at::Tensor& x, at::ScalarType dtype) {
  return take(x.sizes(), dtype, x.device());
}

void Workspace::trim() {
  tensors_.erase(std::remove_if(tensors_.begin(), tensors_.end(), is_free), tensors_.end());
}

std::uint64_t Workspace::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& tensor : tensors_) sum += tensor.nbytes();
  return sum;
}

}  // namespace headroom::diffusion
