// Where the encoder's hearing above the waveform begins: detectors of loudness that the training
// would not find on its own, because a snake is a straight line to a quiet sound.
#pragma once

#include <vector>

#include <ATen/ATen.h>

#include "models/config.h"
#include "train/recipes/oobleck_start.h"

namespace headroom::train {

/// Changes an encoder that begins as a linear code (vae_start.h) so that latent channels from
/// `first` on are envelopes_of() the sound (envelopes.h), as nearly as this can tell them:
///
///   middle ─ band passes, cosine and sine (first stride) ─ snakes of three frequencies, each
///   awake at another loudness ─ averages (strides but the last) ─ linear readout ─► latent
///
/// The readout is fitted to `audio` [2, n]. Of configurations other than four strides wide enough
/// nothing is changed; returns whether it was.
bool begin_with_envelopes(Parameters& parameters, const models::OobleckConfig& config,
                          const at::Tensor& audio, std::int64_t first);

/// All that the above writes; nothing for a configuration that it leaves alone. No training may
/// touch it: the optimiser's steps are of one size for all weights, and a thousandth in the wrong
/// place lets the bass in, which is a thousand times louder than what is listened for.
std::vector<Slice> envelope_path(const models::OobleckConfig& config, std::int64_t first);

}  // namespace headroom::train
