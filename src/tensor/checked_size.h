// Sizes from files, before anything is allocated by them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include <ATen/ATen.h>

namespace headroom {

/// Bytes of a dense tensor, or nothing when the number does not fit into 63 bits or a size is
/// negative. A size of 0 does not hide an overflow: the strides of [2^40, 2^40, 0] do not fit
/// either.
inline std::optional<std::uint64_t> checked_bytes(at::IntArrayRef shape, size_t element_size) {
  constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();
  std::uint64_t product = element_size;
  bool empty = false;
  for (const auto size : shape) {
    if (size < 0) return std::nullopt;
    if (size == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(product, static_cast<std::uint64_t>(size), &product) ||
               product > kLargest) {
      return std::nullopt;
    }
  }
  return empty ? 0 : product;
}

}  // namespace headroom
