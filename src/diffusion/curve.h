// Numbers that may change over time: a scalar or one value per latent frame.
// Source: specification of the streaming engine, section 2.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json_fwd.hpp>

#include "diffusion/workspace.h"

namespace headroom::diffusion {

/// A scalar or a curve in the one form that every formula uses: [1 or B, 1 or T, 1]. A value;
/// empty when absent.
class Curve {
 public:
  Curve() = default;
  Curve(double value);  // NOLINT(google-explicit-constructor): a number is a curve
  /// A 0-d tensor is a scalar (of any dtype, becoming fp32); [T] becomes [1, T, 1] and [B, T]
  /// becomes [B, T, 1], their dtype kept; three dimensions stay. Throws Error(usage) for others.
  Curve(const at::Tensor& values);  // NOLINT(google-explicit-constructor)

  bool defined() const { return values_.defined(); }
  const at::Tensor& values() const { return values_; }
  /// Whether it is present and not zero everywhere. Known without looking at the device again.
  bool has_effect() const { return effect_; }
  /// Frames that it describes; 1 for a scalar.
  std::int64_t frames() const { return values_.size(1); }
  /// Whether it can act on a latent of so many frames.
  bool fits(std::int64_t frames) const;

  /// The values in the dtype and on the device of `x`, before they are multiplied.
  at::Tensor as(const at::Tensor& x) const;
  /// The same curve in that dtype and device from now on, so that as() copies nothing.
  Curve converted(at::ScalarType dtype, at::Device device) const;

 private:
  at::Tensor values_;
  bool effect_ = false;
};

/// `n` values from `start` to `end`, both included; one value is `start`.
at::Tensor ramp(double start, double end, std::int64_t n);

enum class WaveShape { sine, square, pulse };

/// n values of a wave with a period in frames: amplitude·shape + offset. A pulse is a triangle
/// from 0 to 1.
at::Tensor wave(WaveShape shape, std::int64_t period, double amplitude, double offset,
                std::int64_t n);

enum class CurveMath { add, multiply, smallest, largest, lerp };

/// Two curves [n] frame by frame; lerp is a·(1 − t) + b·t.
at::Tensor combine(CurveMath math, const at::Tensor& a, const at::Tensor& b, double t = 0.5);

/// A curve [n] at `frames` frames with its ends kept: what clients draw.
at::Tensor resample_ends(const at::Tensor& curve, std::int64_t frames);

/// A curve [n] as a mask over `frames` frames: clamped to 0…1, then interpolated between frame
/// centres.
at::Tensor temporal_mask(const at::Tensor& curve, std::int64_t frames);

/// A curve [1 or B, n, 1] at another length, interpolated between frame centres; a scalar and one
/// of that length come back as they are. The result may be of `workspace`.
at::Tensor resample_centres(Workspace& workspace, const at::Tensor& curve, std::int64_t frames);

/// What a client sends: {"type": "constant", "value"} or {"type": "raw", "values"}, as [1, T, 1].
/// `type` defaults to constant and `value` to 1. Nothing for an empty list, another type, something
/// that is not an object, or a value that is not a finite number.
std::optional<at::Tensor> client_curve(const nlohmann::json& descriptor, std::int64_t frames);

}  // namespace headroom::diffusion
