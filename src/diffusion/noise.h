// Gaussian noise from a seed, the same bits on every machine.
//
// libtorch's CPU generator gives the same values for the same seed only on CPUs of one instruction
// set, and promises nothing across releases. This generator follows the same algorithm (MT19937 and
// Box–Muller in libtorch's order) but evaluates logarithm, sine and cosine with fixed polynomials
// in double precision, using only operations that IEEE 754 rounds exactly. Its values lie within
// 4e-6 of libtorch's. Source: specification of the streaming engine, section 4.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include <ATen/ATen.h>

namespace headroom::diffusion {

/// One stream of random numbers. Not thread-safe; give every slot its own. Copyable: a copy
/// continues from the same place.
class NoiseGenerator {
 public:
  /// Keeps the low 32 bits of the seed, as libtorch does: 7 and 2³² + 7 are the same seed.
  explicit NoiseGenerator(std::uint64_t seed);

  /// The next 32 bits of the Mersenne twister.
  std::uint32_t next();
  /// Uniform in [0, 1) with 24 bits, from one output.
  float uniform();
  /// Fills with standard normal values exactly as libtorch's `randn` of that many contiguous
  /// elements: 16 and more by blocks of 16, fewer one by one (where the second value of a pair is
  /// kept for the next such call).
  void normal(std::span<float> out);
  /// A contiguous fp32 CPU tensor of standard normal values.
  at::Tensor normal(at::IntArrayRef shape);

 private:
  static constexpr size_t kState = 624;
  void refill();
  double wide_uniform();
  float scalar_normal();

  std::array<std::uint32_t, kState> state_{};
  size_t position_ = kState;
  std::optional<double> spare_;
};

/// Noise that starts a generation: drawn channel-major as [1, channels, frames] and returned as
/// [1, frames, channels], fp32 (DEMON's order for the same seed).
at::Tensor initial_noise(std::uint64_t seed, std::int64_t frames, std::int64_t channels);

}  // namespace headroom::diffusion
