#include "tensor/weights.h"

#include <utility>

namespace headroom {

Weights::Weights(WeightSource& source, at::TensorOptions options, std::string prefix,
                 Placer* placer)
    : source_(&source), options_(options), prefix_(std::move(prefix)), placer_(placer) {}

Weights Weights::operator/(std::string_view scope) const {
  return Weights(*source_, options_, prefix_ + std::string(scope) + ".", placer_);
}

Weights Weights::operator/(std::int64_t index) const { return *this / std::to_string(index); }

at::Tensor Weights::operator()(std::string_view name, at::IntArrayRef shape) const {
  return place(stored(name, shape));
}

at::Tensor Weights::as(at::ScalarType dtype, std::string_view name, at::IntArrayRef shape) const {
  return place(dtype, stored(name, shape));
}

at::Tensor Weights::stored(std::string_view name, at::IntArrayRef shape) const {
  return source_->get(prefix_ + std::string(name), shape);
}

at::Tensor Weights::place(const at::Tensor& computed) const {
  if (placer_ != nullptr)
    return placer_->place(computed, options_.dtype().toScalarType(), /*exact=*/false);
  return computed.to(options_);
}

at::Tensor Weights::place(at::ScalarType dtype, const at::Tensor& computed) const {
  if (placer_ != nullptr) return placer_->place(computed, dtype, /*exact=*/true);
  return computed.to(options_.dtype(dtype));
}

bool Weights::has(std::string_view name) const { return source_->has(prefix_ + std::string(name)); }

std::vector<std::int64_t> Weights::shape_of(std::string_view name) const {
  return source_->shape_of(prefix_ + std::string(name));
}

}  // namespace headroom
