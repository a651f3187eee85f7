// Where the training of the VAE begins: as a linear code of the low end, so that nothing of the
// days that a deep stack of random convolutions takes to find out about bass is spent.
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

#include "models/config.h"
#include "train/learn/parameters.h"

namespace headroom::train {

inline constexpr std::int64_t kComponents = 58;

/// Changes freshly drawn weights so that the round trip of audio is one through the principal
/// components of `audio` [2, n] below a few hundred Hz, plus little of what was there:
///
///   both channels ─ smooth, thin out (all strides but the last two) ─ unfold ─ components ─►
///   latent latent ─ components ─ fold ─ interpolate ─► both channels
///
/// The first kComponents channels of the latent carry components, the rest is as it was drawn.
/// Channels that carry them pass almost straight through their snakes, and residual branches begin
/// quiet. Of a configuration whose layers are too narrow for that nothing is changed; returns
/// whether it was. Strides must be even.
bool begin_as_linear_code(Parameters& parameters, const models::OobleckConfig& config,
                          const at::Tensor& audio);

}  // namespace headroom::train
