#include "diffusion/noise.h"

#include <algorithm>
#include <cmath>

namespace headroom::diffusion {
namespace {

constexpr double kLn2 = 0.693147180559945309417;
constexpr double kTau = 6.283185307179586476925;
constexpr size_t kBlock = 16;  // libtorch's Box–Muller works on 8 pairs at a time
constexpr size_t kHalf = kBlock / 2;

// ln x for 0 < x ≤ 1 as k·ln 2 + 2·atanh((m − 1)/(m + 1)) with m in [√½, √2). Fixed polynomial:
// std::log may differ between C libraries. Error below 1e-15.
double portable_log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // [0.5, 1)
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2.0;
    exponent -= 1;
  }
  const double s = (mantissa - 1.0) / (mantissa + 1.0);  // |s| < 0.172
  const double z = s * s;
  double series = 0.0;
  for (int k = 23; k >= 1; k -= 2) series = series * z + 1.0 / k;
  return exponent * kLn2 + 2.0 * s * series;
}

struct Direction {
  double cos;
  double sin;
};

// Point of the unit circle at `turn` (in [0, 1)) of a full turn. The quadrant is taken off exactly;
// what is left is at most an eighth of a turn, where Taylor's series converges to 1e-17.
Direction portable_direction(double turn) {
  const auto quadrant = static_cast<int>(std::floor(turn * 4.0 + 0.5));
  const double angle = (turn - quadrant * 0.25) * kTau;
  const double z = angle * angle;
  double cos = 1.0;
  double sin = 1.0;
  for (int k = 20; k >= 2; k -= 2) {
    cos = 1.0 - cos * z / (k * (k - 1));
    sin = 1.0 - sin * z / (k * (k + 1));
  }
  sin *= angle;
  switch (quadrant & 3) {
    case 0:
      return {cos, sin};
    case 1:
      return {-sin, cos};
    case 2:
      return {-cos, -sin};
    default:
      return {sin, -cos};
  }
}

double radius(double one_minus_uniform) {
  return std::sqrt(-2.0 * portable_log(one_minus_uniform));
}

void transform_block(float* block) {
  for (size_t j = 0; j < kHalf; ++j) {
    const double r = radius(1.0 - static_cast<double>(block[j]));
    const auto d = portable_direction(static_cast<double>(block[j + kHalf]));
    block[j] = static_cast<float>(r * d.cos);
    block[j + kHalf] = static_cast<float>(r * d.sin);
  }
}

}  // namespace

NoiseGenerator::NoiseGenerator(std::uint64_t seed) {
  state_[0] = static_cast<std::uint32_t>(seed);
  for (size_t i = 1; i < kState; ++i) {
    state_[i] =
        1812433253U * (state_[i - 1] ^ (state_[i - 1] >> 30U)) + static_cast<std::uint32_t>(i);
  }
}

void NoiseGenerator::refill() {
  constexpr size_t shift = 397;
  for (size_t i = 0; i < kState; ++i) {
    const auto y = (state_[i] & 0x80000000U) | (state_[(i + 1) % kState] & 0x7fffffffU);
    state_[i] = state_[(i + shift) % kState] ^ (y >> 1U) ^ ((y & 1U) != 0 ? 0x9908b0dfU : 0U);
  }
  position_ = 0;
}

std::uint32_t NoiseGenerator::next() {
  if (position_ == kState) refill();
  auto y = state_[position_++];
  y ^= y >> 11U;
  y ^= (y << 7U) & 0x9d2c5680U;
  y ^= (y << 15U) & 0xefc60000U;
  return y ^ (y >> 18U);
}

float NoiseGenerator::uniform() { return static_cast<float>(next() & 0xffffffU) * 0x1p-24F; }

double NoiseGenerator::wide_uniform() {
  const auto high = static_cast<std::uint64_t>(next());
  const auto low = static_cast<std::uint64_t>(next());
  constexpr std::uint64_t mask = (std::uint64_t{1} << 53U) - 1;
  return static_cast<double>(((high << 32U) | low) & mask) * 0x1p-53;
}

float NoiseGenerator::scalar_normal() {
  if (spare_) {
    const auto value = static_cast<float>(*spare_);
    spare_.reset();
    return value;
  }
  const double u1 = wide_uniform();
  const double u2 = wide_uniform();
  const double r = radius(1.0 - u2);
  const auto d = portable_direction(u1);
  spare_ = r * d.sin;
  return static_cast<float>(r * d.cos);
}

void NoiseGenerator::normal(std::span<float> out) {
  if (out.size() < kBlock) {
    for (float& value : out) value = scalar_normal();
    return;
  }
  for (float& value : out) value = uniform();
  for (size_t at = 0; at + kBlock <= out.size(); at += kBlock) transform_block(&out[at]);
  if (out.size() % kBlock == 0) return;
  // libtorch's rule for a ragged end: the last 16 values are drawn anew, over some that were ready.
  const auto tail = out.last(kBlock);
  for (float& value : tail) value = uniform();
  transform_block(tail.data());
}

at::Tensor NoiseGenerator::normal(at::IntArrayRef shape) {
  auto tensor = at::empty(shape, at::kFloat);
  normal(std::span(tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())));
  return tensor;
}

at::Tensor initial_noise(std::uint64_t seed, std::int64_t frames, std::int64_t channels) {
  return NoiseGenerator(seed).normal({1, channels, frames}).transpose(1, 2).contiguous();
}

}  // namespace headroom::diffusion
