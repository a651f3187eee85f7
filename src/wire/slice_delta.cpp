#include "wire/slice_delta.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"

namespace headroom::wire {
namespace {

constexpr std::uint32_t kHalfInfinity = 0x7c00U;
constexpr float kLargestHalf = 65504.0F;
constexpr int kFloatBias = 127;
constexpr int kHalfBias = 15;
constexpr int kDroppedBits = 13;  // 23 bits of mantissa become 10

// `value` without its lowest `bits`, rounded to nearest even.
std::uint32_t rounded_shift(std::uint32_t value, int bits) {
  const std::uint32_t kept = value >> bits;
  const std::uint32_t rest = value & ((1U << bits) - 1U);
  const std::uint32_t half = 1U << (bits - 1);
  return kept + ((rest > half || (rest == half && (kept & 1U) != 0)) ? 1U : 0U);
}

float half_value(std::uint16_t bits) {
  const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
  const int exponent = (bits >> 10U) & 0x1f;
  const auto mantissa = static_cast<float>(bits & 0x3ffU);
  constexpr float one = 1024.0F;
  if (exponent == 31) return mantissa == 0.0F ? sign * INFINITY : std::bit_cast<float>(0x7fc00000U);
  if (exponent == 0) return sign * std::ldexp(mantissa / one, 1 - kHalfBias);
  return sign * std::ldexp(1.0F + mantissa / one, exponent - kHalfBias);
}

}  // namespace

std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16U) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  const auto with_sign = [sign](std::uint32_t half) {
    return static_cast<std::uint16_t>(sign | half);
  };
  if (magnitude > 0x7f800000U) return with_sign(kHalfInfinity | 0x200U);  // NaN
  const int exponent = static_cast<int>(magnitude >> 23U) - kFloatBias + kHalfBias;
  if (exponent >= 31) return with_sign(kHalfInfinity);
  if (exponent > 0) {
    // A mantissa that rounds up carries into the exponent, and at the top into infinity.
    const std::uint32_t half =
        (static_cast<std::uint32_t>(exponent) << 23U) | (magnitude & 0x7fffffU);
    return with_sign(rounded_shift(half, kDroppedBits));
  }
  if (exponent < -10) return with_sign(0);
  const std::uint32_t mantissa = (magnitude & 0x7fffffU) | 0x800000U;
  return with_sign(rounded_shift(mantissa, kDroppedBits + 1 - exponent));
}

float from_half(std::uint16_t bits) {
  // Buffers have tens of millions of samples: a table beats the arithmetic.
  static const std::vector<float> values = [] {
    std::vector<float> all(std::size_t{1} << 16U);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = half_value(static_cast<std::uint16_t>(i));
    return all;
  }();
  return values[bits];
}

SliceMirror::SliceMirror(std::vector<float> samples, std::uint16_t channels)
    : samples_(std::move(samples)), channels_(channels) {
  if (channels_ == 0 || samples_.size() % channels_ != 0)
    throw Error(ErrorKind::internal, "a mirror holds whole frames of at least one channel");
}

std::optional<SliceDelta> SliceMirror::cut(std::uint32_t start,
                                           std::span<const float> samples) const {
  if (start >= frames()) return std::nullopt;
  const auto offered = static_cast<std::uint32_t>(samples.size() / channels_);
  const auto count = std::min(offered, frames() - start);
  if (count == 0) return std::nullopt;
  SliceDelta slice{start, count, channels_, {}};
  slice.delta.reserve(static_cast<std::size_t>(count) * channels_);
  return slice;
}

std::optional<SliceDelta> SliceMirror::advance(std::uint32_t start,
                                               std::span<const float> samples) {
  auto slice = cut(start, samples);
  if (!slice) return slice;
  const std::size_t values = static_cast<std::size_t>(slice->count) * channels_;
  auto* const mine = samples_.data() + static_cast<std::size_t>(start) * channels_;
  for (std::size_t i = 0; i < values; ++i) {
    const float wanted = std::isfinite(samples[i]) ? samples[i] : 0.0F;
    const auto half = to_half(std::clamp(wanted - mine[i], -kLargestHalf, kLargestHalf));
    slice->delta.push_back(half);
    mine[i] += from_half(half);
  }
  return slice;
}

std::optional<SliceDelta> SliceMirror::replace(std::uint32_t start,
                                               std::span<const float> samples) {
  auto slice = cut(start, samples);
  if (!slice) return slice;
  const std::size_t values = static_cast<std::size_t>(slice->count) * channels_;
  auto* const mine = samples_.data() + static_cast<std::size_t>(start) * channels_;
  for (std::size_t i = 0; i < values; ++i) {
    const float wanted = std::isfinite(samples[i]) ? samples[i] : 0.0F;
    const auto half = to_half(std::clamp(wanted, -kLargestHalf, kLargestHalf));
    slice->delta.push_back(half);
    mine[i] = from_half(half);
  }
  return slice;
}

}  // namespace headroom::wire
