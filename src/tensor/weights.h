// Named weights: where networks take their parameters from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/ATen.h>

namespace headroom {

/// Something that has tensors under published names: a checkpoint on disk, a golden file, a random
/// generator. Implementations are immutable or used from one thread.
class WeightSource {
 public:
  virtual ~WeightSource() = default;
  virtual bool has(const std::string& name) const = 0;
  /// Shape of a tensor that is there; throws Error(checkpoint) naming the missing tensor otherwise.
  virtual std::vector<std::int64_t> shape_of(const std::string& name) const = 0;
  /// The tensor in its stored dtype, on the CPU. Throws Error(checkpoint) when it is missing, its
  /// shape is not `shape`, or, in a checkpoint, it does not hold floating-point numbers; the
  /// message names tensor, file and what differs.
  virtual at::Tensor get(const std::string& name, at::IntArrayRef shape) = 0;
};

/// Puts weights where they are computed with: on a device, or nowhere (to count them).
class Placer {
 public:
  virtual ~Placer() = default;
  /// `host` in `dtype`, contiguous; what is not `exact` may be kept in a narrower dtype that it is
  /// stored in.
  virtual at::Tensor place(const at::Tensor& host, at::ScalarType dtype, bool exact) = 0;
};

/// A place inside a source: a name prefix, and the dtype and device that weights are wanted in.
/// A network binds its parameters once with it ("bind" functions in models/) and is then a plain
/// struct of tensors. Cheap to copy. With a placer every parameter goes through it; without, a
/// tensor that needs no conversion stays a view on the mapped file.
class Weights {
 public:
  explicit Weights(WeightSource& source, at::TensorOptions options = at::kFloat,
                   std::string prefix = "", Placer* placer = nullptr);

  /// The sub-place `scope.`: Weights(w)/"decoder" names "decoder.…".
  Weights operator/(std::string_view scope) const;
  Weights operator/(std::int64_t index) const;

  at::Tensor operator()(std::string_view name, at::IntArrayRef shape) const;
  /// The same, in `dtype` whatever the options say: for what must stay in fp32.
  at::Tensor as(at::ScalarType dtype, std::string_view name, at::IntArrayRef shape) const;
  /// The same in host memory, in the stored dtype and not placed: for large tables of which only
  /// rows are used, and for parameters that are computed from stored ones before they are placed.
  at::Tensor stored(std::string_view name, at::IntArrayRef shape) const;
  /// Places what was computed from stored() tensors, in the wanted dtype or in `dtype`.
  at::Tensor place(const at::Tensor& computed) const;
  at::Tensor place(at::ScalarType dtype, const at::Tensor& computed) const;
  bool has(std::string_view name) const;
  std::vector<std::int64_t> shape_of(std::string_view name) const;

  const at::TensorOptions& options() const { return options_; }

 private:
  WeightSource* source_;
  at::TensorOptions options_;
  std::string prefix_;
  Placer* placer_;
};

}  // namespace headroom
