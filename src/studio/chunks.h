// How long audio and latents are cut into pieces that bounded memory can hold. Pure arithmetic.
// Sources: specification "ACE-Step v1.5", section 12; of the streaming engine, sections 18 and 19.
#pragma once

#include <cstdint>
#include <vector>

namespace headroom::studio {

/// A piece of a whole: what is kept of it, [core_begin, core_end), and what must be computed for
/// that, [begin, end). Both in the unit of the plan; cores tile the whole in order.
struct Chunk {
  std::int64_t begin;
  std::int64_t end;
  std::int64_t core_begin;
  std::int64_t core_end;

  std::int64_t length() const { return end - begin; }
  bool operator==(const Chunk&) const = default;
};

/// Latent frames of context that an encoder chunk keeps on each side. 7 are exact; the reference
/// ships 64, which costs a third of the arithmetic and changes nothing.
inline constexpr std::int64_t kEncodeMargin = 16;

/// Limits of one run of an encoder.
struct EncodeLimits {
  std::int64_t most_samples;
  std::int64_t least_samples = 0;
  std::int64_t hop = 1920;
  std::int64_t margin = kEncodeMargin;
};

/// Chunks in latent frames for encoding `samples` of audio, F = ⌈samples / hop⌉ frames in all; one
/// chunk when they fit. A chunk is encoded from samples [hop·begin, min(hop·end, samples)); of the
/// last one everything after core_begin is kept, so a trailing partial frame follows the encoder's
/// own rounding. Contexts that are shorter than least_samples are extended to the left and then to
/// the right, as far as there is audio. Throws Error(usage) when most_samples leaves no core.
std::vector<Chunk> plan_encode(std::int64_t samples, const EncodeLimits& limits);

/// Tiles of `chunk` with `overlap` of context on each side: one tile when length ≤ chunk, else
/// cores of chunk − 2·overlap, contexts clipped to the whole. For decoding in latent frames, or for
/// the eager encode in samples.
std::vector<Chunk> plan_tiles(std::int64_t length, std::int64_t chunk, std::int64_t overlap);

/// Frames that playback decodes around one window, always this many so that the shape never
/// changes.
inline constexpr std::int64_t kWindowFrames = 25;

/// Of these, context on each side of the longest window.
inline constexpr std::int64_t kWindowContext = 8;

/// One playback window. Decode `frames` (indices into the latent, in order), keep
/// [keep_begin, keep_begin + keep_count) of them; the kept part belongs at frame `at`.
struct Window {
  std::vector<std::int64_t> frames;
  std::int64_t keep_begin;
  std::int64_t keep_count;
  std::int64_t at;
};

/// Frames to decode for a window of so many seconds, its context included; kWindowFrames at least.
std::int64_t window_span(double seconds, double frames_per_second = 25.0);

/// `seconds` of audio from `start`, both clamped: seconds to 0.04 and to what `span` leaves beside
/// its context (0.36 of kWindowFrames, as the reference has it), the window into the piece. seconds
/// ≤ 0, or a piece no longer than the window, decodes everything. With `cyclic` the context (never
/// the window) wraps around the ends. `span` frames are decoded, window_span() of them for windows
/// of any length.
Window plan_window(std::int64_t length, double start, double seconds, bool cyclic,
                   double frames_per_second = 25.0, std::int64_t span = kWindowFrames);

}  // namespace headroom::studio
