// What a transformer likes to be trained on: latents whose channels all have unit spread.
#pragma once

#include <map>
#include <string>

#include <ATen/ATen.h>

#include "models/config.h"
#include "train/learn/parameters.h"

namespace headroom::train {

/// The same autoencoder with a latent whose every channel has unit deviation over `audio` [2, n]:
/// scales are folded into the encoder's last and the decoder's first convolution. Means and decoded
/// audio are those of before, up to rounding; the posterior's deviation up to a part of itself
/// (softplus is taken for the exponential that it is at small values). Channels that say nothing
/// stay as they are.
std::map<std::string, at::Tensor> with_unit_latents(Parameters& weights,
                                                    const models::OobleckConfig& config,
                                                    const at::Tensor& audio);

}  // namespace headroom::train
