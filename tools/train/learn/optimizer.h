// The optimizer: Muon for matrices (muon.h; Liu et al., "Muon is scalable for LLM training", 2025),
// Adam with decoupled weight decay for vectors and convolutions (Loshchilov and Hutter, 2019), with
// gradient clipping and an exponential average of the weights, which is what gets exported.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <ATen/ATen.h>

#include "train/learn/parameters.h"

namespace headroom::train {

struct OptimizerSettings {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double eps = 1e-8;
  double momentum = 0.95;             // of matrices
  double decay = 0.01;                // of all but vectors
  double most_norm = 1.0;             // of the gradient of all tensors together
  double average = 0.999;             // of the averaged weights; shorter at the start
  std::set<std::string> tables = {};  // matrices of which an example uses few rows: Adam's
};

/// One thread. Refers to the parameters, which must outlive it.
class Optimizer {
 public:
  Optimizer(Parameters& parameters, const OptimizerSettings& settings);

  /// Applies the gradients, clears them, and returns their norm before clipping. A step whose
  /// gradient is not finite changes nothing; the norm tells. One rate serves both kinds: a step of
  /// a matrix is as large as Adam's would be.
  double step(double rate);

  std::int64_t steps() const { return steps_; }
  /// The averaged weights.
  Parameters& average() { return average_; }

  /// Everything that a resumed training needs: weights ("w."), moments ("m.", and "v." of what is
  /// Adam's) and averages ("a."), by name.
  std::map<std::string, at::Tensor> state() const;
  /// Throws Error(checkpoint) for a state that belongs to another network.
  void restore(const std::map<std::string, at::Tensor>& state, std::int64_t steps);

 private:
  struct Moments {
    at::Tensor first, second;  // no second of a matrix
  };
  double gradient_norm() const;
  at::Tensor adams_step(Moments& moments, const at::Tensor& gradient) const;
  at::Tensor muons_step(Moments& moments, const at::Tensor& gradient) const;

  Parameters& parameters_;
  OptimizerSettings settings_;
  std::map<std::string, Moments> moments_;
  Parameters average_;
  std::int64_t steps_ = 0;
};

}  // namespace headroom::train
