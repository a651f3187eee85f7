// The optimizer: Adam with decoupled weight decay (Loshchilov and Hutter, 2019), with gradient
// clipping and an exponential average of the weights, which is what gets exported.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <ATen/ATen.h>

#include "train/learn/parameters.h"

namespace headroom::train {

struct AdamSettings {
  double beta1 = 0.9;
  double beta2 = 0.99;
  double eps = 1e-8;
  double decay = 0.01;     // of matrices; vectors are left alone
  double most_norm = 1.0;  // of the gradient of all tensors together
  double average = 0.999;  // of the averaged weights; shorter at the start
};

/// One thread. Refers to the parameters, which must outlive it.
class AdamW {
 public:
  AdamW(Parameters& parameters, const AdamSettings& settings);

  /// Applies the gradients, clears them, and returns their norm before clipping. A step whose
  /// gradient is not finite changes nothing; the norm tells.
  double step(double rate);

  std::int64_t steps() const { return steps_; }
  /// The averaged weights.
  Parameters& average() { return average_; }

  /// Everything that a resumed training needs: weights ("w."), moments ("m.", "v.") and averages
  /// ("a."), by name.
  std::map<std::string, at::Tensor> state() const;
  /// Throws Error(checkpoint) for a state that belongs to another network.
  void restore(const std::map<std::string, at::Tensor>& state, std::int64_t steps);

 private:
  struct Moments {
    at::Tensor first, second;
  };
  double gradient_norm() const;

  Parameters& parameters_;
  AdamSettings settings_;
  std::map<std::string, Moments> moments_;
  Parameters average_;
  std::int64_t steps_ = 0;
};

}  // namespace headroom::train
