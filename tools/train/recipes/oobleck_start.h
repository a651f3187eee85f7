// Writing paths into a freshly drawn Oobleck: what a layer carries from some of its channels to
// others, and what else leads there becomes faint.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "train/learn/parameters.h"

namespace headroom::train {

/// The name of a block's layers, up to the dot.
std::string encoder_block(size_t i);
std::string decoder_block(size_t i);

/// [2 · stride]: a triangle of height one. Its copies, a stride apart, add up to one.
at::Tensor triangle(std::int64_t stride);

/// The fused weight of a weight-normalised layer.
at::Tensor weight_of(const Parameters& parameters, const std::string& layer);
void set_weight(Parameters& parameters, const std::string& layer, const at::Tensor& weight);

/// The carried side of a layer's weight: of a convolution the outputs (axis 0), of a transposed one
/// axis 1.
enum class Carried { convolution = 0, transposed = 1 };

/// A part of a tensor.
struct Slice {
  std::string name;
  std::int64_t axis = 0, first = 0, count = 0;
};

/// Puts `core` [a, b, taps] at [first_a, first_b] of a layer's weight, at its middle taps. What was
/// drawn for the carried channels becomes faint, their bias zero.
void carry(Parameters& parameters, const std::string& layer, const at::Tensor& core, Carried side,
           std::int64_t first_a = 0, std::int64_t first_b = 0);

/// Keeps what a training must not change as it is: call between backward() and the step.
void hold(Parameters& parameters, const std::vector<Slice>& slices);

/// Sets the bias of channels from `first` on.
void set_bias(Parameters& parameters, const std::string& layer, const at::Tensor& values,
              std::int64_t first);

/// Snakes of `channels` channels from `first` on that are nearly straight lines.
void straighten(Parameters& parameters, const std::string& snake, std::int64_t channels,
                std::int64_t first = 0);

/// x + sin²(f x) for each channel from `first` on: for a noise of deviation σ its mean climbs from
/// 0 to ½ where f σ passes one.
void bend(Parameters& parameters, const std::string& snake, const at::Tensor& frequencies,
          std::int64_t first);

}  // namespace headroom::train
