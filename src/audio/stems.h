// Separated stems, made to fit the track they came from.
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

namespace headroom {

/// What becomes of samples that are not finite.
enum class NonFinite {
  silence,   // NaN and infinities become 0: what a server should play
  saturate,  // NaN becomes 0, ±inf becomes ±3.4028235e38, as the reference implementation has it
};

/// `stem` as exactly [channels, samples] fp32, a tensor of its own. Accepts [n], [c, n] or
/// [1, c, n]. One channel is copied to all; of too many channels the first stay, of too few the
/// last is repeated; the length is cut or padded with zeros. Throws Error(internal) for other
/// shapes.
at::Tensor fit_stem(const at::Tensor& stem, std::int64_t channels, std::int64_t samples,
                    NonFinite policy = NonFinite::silence);

}  // namespace headroom
