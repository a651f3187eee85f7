// Audio to latents and back, for any length in bounded memory.
#pragma once

#include <cstdint>
#include <functional>

#include <ATen/ATen.h>

#include "base/progress.h"
#include "models/oobleck.h"
#include "studio/chunks.h"

namespace headroom::studio {

/// Encoder run of the shipped plan: 20 s. At the published size a run needs about 2.5 GB in fp32.
inline constexpr std::int64_t kEncodeFrames = 500;
/// Decoder tile and its context on each side; 9 frames of context are exact.
inline constexpr std::int64_t kDecodeFrames = 256;
inline constexpr std::int64_t kDecodeOverlap = 16;

/// The limits that `headroom` uses for an encoder.
EncodeLimits default_encode_limits(const models::OobleckConfig& config);

/// Moments [B, 2C, frames] of a piece of audio [B, channels, samples].
using EncodeRun = std::function<at::Tensor(const at::Tensor& audio)>;

/// Moments of audio [B, channels, n] by any encoder, chunk by chunk and stitched at latent frames.
at::Tensor encode_in_chunks(const EncodeRun& encode, const at::Tensor& audio,
                            const EncodeLimits& limits, Progress& progress = no_progress());

/// Moments [1, 2C, T] of audio [1, channels, n], chunk by chunk and stitched at latent frames.
/// Equal to a single run up to rounding when the margin covers the receptive field. T = ⌊n / hop⌋
/// by the encoder's own rounding. Peak memory: one chunk, beside audio and moments.
at::Tensor encode_audio(const models::OobleckEncoder& encoder, const at::Tensor& audio,
                        const EncodeLimits& limits, Progress& progress = no_progress());

/// The same for [channels, n] of any length: the last frame is filled with zeros, T = ⌈n / hop⌉.
/// No second copy of the audio is made.
at::Tensor encode_track(const models::OobleckEncoder& encoder, const at::Tensor& audio,
                        Progress& progress = no_progress());

/// One sample of the posterior for the whole piece: [1, T, C] fp32 from moments [1, 2C, T]. The
/// draw is the generator's for `seed`, channel-major, so the same audio and seed give the same
/// latent.
at::Tensor sample_latents(const at::Tensor& moments, std::uint64_t seed);

/// Decodes latents [1, T, C] tile by tile; `emit` gets [channels, samples] blocks in order, which
/// are together T · hop samples long. Peak memory: one tile. Throws Error(checkpoint) for a result
/// that is not made of numbers.
void decode_latents(const models::OobleckDecoder& decoder, const at::Tensor& latents,
                    std::int64_t tile_frames, std::int64_t overlap,
                    const std::function<void(const at::Tensor&)>& emit,
                    Progress& progress = no_progress());

/// The audio [channels, keep_count · hop] of one playback window of latents [1, T, C].
at::Tensor decode_window(const models::OobleckDecoder& decoder, const at::Tensor& latents,
                         const Window& window);

}  // namespace headroom::studio
