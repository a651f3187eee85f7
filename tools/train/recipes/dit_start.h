// Where the training of the diffusion transformer begins: as the best guess that is linear in the
// noisy latent, so that no step is spent on finding out what noise is.
#pragma once

#include "models/config.h"
#include "train/learn/parameters.h"

namespace headroom::train {

/// Changes freshly drawn weights so that the velocity is a(t) · x_t, the best such guess for
/// latents of white spectrum and mean square `power`:
///
///   x_t ─ rotated, into some channels of the stream ─ layers, quiet ─ norm ─ · a(t) ─ rotated back
///
/// The factor comes from the time embedding, through the last modulation; hints go to the other
/// channels of the stream. `a` is wiener_velocity(). Of a configuration whose stream is too narrow
/// for that only the layers become quiet; returns whether it was wide enough.
bool begin_as_linear_denoiser(Parameters& parameters, const models::AceStepConfig& config,
                              double power);

/// The factor a(t) that makes a · x_t closest to noise − x₀, for x_t = t · noise + (1 − t) · x₀:
/// (t − (1 − t) p) / (t² + (1 − t)² p), p the mean square of x₀. `t` of any shape.
at::Tensor wiener_velocity(const at::Tensor& t, double power);

}  // namespace headroom::train
