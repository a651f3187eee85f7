// Weights from a seed: well-scaled noise for every tensor that a network asks for. What benchmarks
// run on, and what `headroom make-model` writes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "tensor/weights.h"

namespace headroom::studio {

/// Scaled by the role that a tensor's name tells (norms near one, biases small, matrices by their
/// fan-in, convolutions so that variance is kept), so that activations stay in a sane range through
/// any depth. Equal seed and name give equal values on every machine. One thread.
class RandomWeights : public WeightSource {
 public:
  explicit RandomWeights(std::uint64_t seed, at::ScalarType dtype = at::kFloat);

  /// Everything is there, except the renamed weight-norm tensors of newer exports.
  bool has(const std::string& name) const override;
  std::vector<std::int64_t> shape_of(const std::string& name) const override;
  at::Tensor get(const std::string& name, at::IntArrayRef shape) override;

 private:
  at::Tensor noise(const std::string& name, at::IntArrayRef shape) const;

  at::ScalarType dtype_;
  at::Tensor pool_;
};

/// Notes what a network asks for, without making it: the table of contents of a checkpoint comes
/// from the network's own binding, so the two cannot drift apart.
class RecordingSource : public WeightSource {
 public:
  /// What it hands out has the dtype in which a file would store it.
  explicit RecordingSource(at::ScalarType stored = at::kFloat) : stored_(stored) {}
  bool has(const std::string& name) const override;
  std::vector<std::int64_t> shape_of(const std::string& name) const override;
  /// Zeros that take no memory.
  at::Tensor get(const std::string& name, at::IntArrayRef shape) override;

  const std::map<std::string, std::vector<std::int64_t>>& shapes() const { return shapes_; }

 private:
  at::ScalarType stored_;
  std::map<std::string, std::vector<std::int64_t>> shapes_;
};

}  // namespace headroom::studio
