#include "tensor/weights.h"

#include <utility>

namespace headroom {

Weights::Weights(WeightSource& source, at::TensorOptions options, std::string prefix)
    : source_(&source), options_(options), prefix_(std::move(prefix)) {}

Weights Weights::operator/(std::string_view scope) const {
  return Weights(*source_, options_, prefix_ + std::string(scope) + ".");
}

Weights Weights::operator/(std::int64_t index) const { return *this / std::to_string(index); }

at::Tensor Weights::operator()(std::string_view name, at::IntArrayRef shape) const {
  return source_->get(prefix_ + std::string(name), shape).to(options_);
}

at::Tensor Weights::as(at::ScalarType dtype, std::string_view name, at::IntArrayRef shape) const {
  return source_->get(prefix_ + std::string(name), shape).to(options_.dtype(dtype));
}

at::Tensor Weights::stored(std::string_view name, at::IntArrayRef shape) const {
  return source_->get(prefix_ + std::string(name), shape).to(options_.device());
}

bool Weights::has(std::string_view name) const { return source_->has(prefix_ + std::string(name)); }

std::vector<std::int64_t> Weights::shape_of(std::string_view name) const {
  return source_->shape_of(prefix_ + std::string(name));
}

}  // namespace headroom
