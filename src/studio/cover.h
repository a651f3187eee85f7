// A cover from start to end: a source track and a prompt become a new track.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/progress.h"
#include "studio/chunks.h"
#include "studio/model_folder.h"
#include "studio/prompt.h"

namespace headroom::studio {

struct CoverSettings {
  Prompt prompt;  // its duration is set by make_cover
  std::uint64_t seed = 0;
  std::int64_t steps = 8;
  double shift = 3.0;
  double strength = 1.0;  // 0: the source comes back (through the VAE); 1: from pure noise
  double guidance = 1.0;  // > 1: APG against the null condition; turbo models need none
  bool dcw = true;
};

/// Throws Error(usage) for the first value that is out of its range.
void check_settings(const CoverSettings& settings);

/// Latent frames that the transformer sees at once: 120 s. Longer tracks are covered in sections,
/// so that memory does not grow with their length; neighbours share kSectionOverlap frames, in
/// which they are cross-faded. Both are multiples of the semantic token.
inline constexpr std::int64_t kSectionFrames = 3000;
inline constexpr std::int64_t kSectionOverlap = 250;

/// Sections [core_begin, core_end) = [begin, end) that cover `frames`; neighbours overlap by at
/// least kSectionOverlap, and every begin is a multiple of `alignment`.
std::vector<Chunk> plan_sections(std::int64_t frames, std::int64_t alignment);

/// Covers `audio` [channels, n] fp32 at the VAE's rate; `emit` gets [channels, m] blocks in order,
/// n samples in all. Each network is loaded when it is needed and dropped after. Equal inputs and
/// settings give equal bits. A network whose result is not a number is Error(checkpoint). Peak
/// memory: audio and latents of the track, plus the largest of: one network with one encoder chunk,
/// section, or decoder tile.
void make_cover(const ModelFolder& model, const at::Tensor& audio, const CoverSettings& settings,
                const std::function<void(const at::Tensor&)>& emit,
                Progress& progress = no_progress());

}  // namespace headroom::studio
