// What the VAE's encoder is told to say of the sound above its waveform's reach: how loud it is in
// a few bands, and when. Left to itself it spends the whole latent on the waveform of the low end.
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

namespace headroom::train {

inline constexpr std::int64_t kEnvelopeBands = 4;      // from 800 Hz to 20 kHz
inline constexpr std::int64_t kEnvelopesPerFrame = 3;  // of the latent: one every 13 ms
inline constexpr std::int64_t kEnvelopeChannels = kEnvelopeBands + kEnvelopesPerFrame - 1;

/// Audio [B, 2, T · hop] at `rate` Hz → [B, kEnvelopeChannels, T]: of the middle of both sides, the
/// level of each band, then the slope and the bend of all bands' mean within the frame, which tell
/// when something strikes (level, slope and bend: a cosine transform of three decibels). Each has
/// a spread of about one over the synthesizer's songs. No gradient.
at::Tensor envelopes_of(const at::Tensor& audio, int rate, std::int64_t hop);

}  // namespace headroom::train
