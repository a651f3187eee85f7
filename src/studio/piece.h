// A piece from start to end, without anybody listening meanwhile: a cover of a track, music from
// words alone, or a stretch of a track made anew. All of it runs through the streaming engine, as
// tasks of the executor, so memory is planned and nothing is loaded twice.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/progress.h"
#include "studio/chunks.h"
#include "studio/prompt.h"
#include "studio/studio.h"

namespace headroom::studio {

struct PieceSettings {
  Prompt prompt;  // its task and duration are set by what makes the piece
  std::uint64_t seed = 0;
  std::int64_t steps = 8;
  double shift = 3.0;
  double strength = 1.0;  // covers; 0: the source comes back (through the VAE); 1: from pure noise
  double guidance = 1.0;  // > 1: APG against the null condition; turbo models need none
  bool dcw = true;
  /// Audio [channels, n] at the VAE's rate whose sound is taken on; undefined: a cover takes its
  /// source's, the others none.
  at::Tensor timbre{};
  /// Audio whose melody and rhythm a cover follows instead of its source's; cut or filled with
  /// silence to the source's length.
  at::Tensor structure{};
  /// How much of the structure counts, 0…1; 0: none.
  double structure_strength = 1.0;
};

/// Throws Error(usage) for the first value that is out of its range.
void check_settings(const PieceSettings& settings);

/// Latent frames that the transformer sees at once: 120 s. Longer tracks are covered in sections,
/// so that memory does not grow with their length; neighbours share kSectionOverlap frames, in
/// which they are cross-faded. Both are multiples of the semantic token.
inline constexpr std::int64_t kSectionFrames = 3000;
inline constexpr std::int64_t kSectionOverlap = 250;
/// Music from words alone is made in one go, up to the longest duration class.
inline constexpr double kLongestMusic = 240.0;
inline constexpr double kShortestMusic = 1.0;

/// Sections [core_begin, core_end) = [begin, end) that cover `frames`; neighbours overlap by at
/// least kSectionOverlap, and every begin is a multiple of `alignment`.
std::vector<Chunk> plan_sections(std::int64_t frames, std::int64_t alignment);

/// Gets [channels, m] blocks in order.
using Emit = std::function<void(const at::Tensor&)>;

/// Covers `audio` [channels, n] fp32 at the VAE's rate; n samples are emitted. Equal inputs and
/// settings give equal bits. A network whose result is not a number is Error(checkpoint); what does
/// not fit is Error(memory).
void make_cover(Studio& studio, const at::Tensor& audio, const PieceSettings& settings,
                const Emit& emit, Progress& progress = no_progress());

/// Music of that length from the prompt. Throws Error(usage) beyond kShortestMusic…kLongestMusic.
void make_music(Studio& studio, double seconds, const PieceSettings& settings, const Emit& emit,
                Progress& progress = no_progress());

/// A stretch of a track in seconds; `end` beyond the track is its end.
struct Region {
  double begin = 0.0;
  double end = 0.0;
};

/// Makes a region of `audio` anew so that it fits what is around it; everything else comes back
/// sample by sample, cross-faded over 10 latent frames on each side. Throws Error(usage) for a
/// region that is empty, outside, or longer than a section leaves room for.
void make_repaint(Studio& studio, const at::Tensor& audio, const Region& region,
                  const PieceSettings& settings, const Emit& emit,
                  Progress& progress = no_progress());

}  // namespace headroom::studio
