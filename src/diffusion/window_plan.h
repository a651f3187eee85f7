// Which part of the music is decoded next, and where it goes in the playback buffer. Pure functions
// of the playhead; seconds and samples. Source: specification of the streaming engine, sections
// 18.3, 20.3 and 20.4.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace headroom::diffusion {

inline constexpr double kSampleRate = 48000.0;
inline constexpr double kFrameRate = 25.0;
inline constexpr std::int64_t kSamplesPerFrame = 1920;

/// Whole latent frames in so many seconds, rounded: 16.4 s are 410 frames, though 16.4·25 falls
/// short of that by a rounding error (FIX-19).
std::int64_t frames_in(double seconds);

/// A part of the clip that is played again and again, in seconds.
struct LoopBand {
  double begin = 0.0;
  double end = 0.0;
};

/// What is played.
struct Clip {
  double seconds = 0.0;  // playable: the crop if there is one, else the source
  std::optional<LoopBand> band{};
};

/// The band, clamped to the clip, when it counts now: longer than a millisecond and with the
/// playhead in it.
std::optional<LoopBand> band_in_force(const Clip& clip, double playhead);

/// Where the next window begins: the playhead plus the lead, around the end of the clip, or within
/// a band (at its beginning when the band is shorter than the window).
double decode_target(const Clip& clip, double playhead, double lead, double window);

/// Latent frames to decode for one window, and which of them are kept.
struct DecodePlan {
  std::vector<std::int64_t> frames;  // indices into the latent, in order
  std::int64_t keep_begin = 0;
  std::int64_t keep_count = 0;
  std::int64_t at = 0;  // the frame where the kept part belongs
};

/// A window of `window` frames from `start` (moved into the latent of `length` frames), with
/// `margin` frames of context on each side: always window + 2·margin frames, so that the shape
/// never changes and the decoder's memory is that of the window, whatever the length. The context
/// goes around the ends when `cyclic`, else it is taken from the other side. A window as long as
/// the latent decodes all of it without margins. `window` ≥ 1.
DecodePlan plan_decode(std::int64_t length, std::int64_t start, std::int64_t window,
                       std::int64_t margin, bool cyclic);

/// One write into the playback buffer.
struct WindowWrite {
  std::int64_t begin = 0;   // sample of the buffer
  std::int64_t offset = 0;  // first sample taken of the decoded window
  std::int64_t count = 0;
};

/// What is decoded at `begin` (samples, `count` of them) is cut at the end of the buffer and of a
/// band in force.
WindowWrite cut_window(std::int64_t begin, std::int64_t count, std::int64_t length,
                       const std::optional<LoopBand>& band);

/// A window that crosses the end of its band goes on at the band's beginning, and a second window
/// is decoded there: its write, or nothing when the band is covered already or not crossed. `begin`
/// of the second window's decode is the frame that holds the band's beginning.
std::optional<WindowWrite> wrapped_write(std::int64_t begin, std::int64_t count,
                                         const LoopBand& band);

/// Samples of fade on each side of a window of `count`: 25 ms, at most a quarter.
std::int64_t fade_length(std::int64_t count);

/// Mixes a decoded window into interleaved `buffer` of `channels`: its first samples fade in over
/// what is there (unless it begins the buffer), its last fade out (unless it ends it), then
/// `write.count` samples from write.offset on are stored. `window_end` is where the whole window
/// would end.
void write_window(std::span<float> buffer, std::span<const float> window, std::int64_t channels,
                  const WindowWrite& write);

/// The seam of a loop: the last 50 ms (at most a quarter) of interleaved samples fade toward the
/// first. For a new buffer, at the start and after every swap (FIX-20).
void close_loop(std::span<float> samples, std::int64_t channels);

/// Decoding everything is skipped when the latent has hardly changed: mean square below 5e-4.
inline constexpr double kUnheardChange = 5e-4;

/// The gate of the playback node: skip when the latent has hardly changed (threshold ≤ 0: never
/// asked) and the playhead is still within the last window less `prefetch`.
struct DecodeGate {
  double threshold = 1e-3;
  double window = 0.36;
  double prefetch = 1.0;
};
bool may_skip_decode(const DecodeGate& gate, std::optional<double> change,
                     std::optional<double> last_start, double start);

/// Songs longer than a window are walked through chunk by chunk.
struct WalkWindow {
  std::int64_t chunk = 0;
  std::int64_t begin_frame = 0;
  std::int64_t frames = 0;
};

/// The chunk that the playhead (plus a look-ahead) is in, of a source of `frames` frames; the last
/// one ends with the source. Nothing when the source is no longer than the window.
std::optional<WalkWindow> walk_window(std::int64_t frames, double buffer_seconds, double playhead,
                                      double look_ahead, double window_seconds = 60.0);

/// Where within its chunk a target is decoded: linear, not around the end.
double walk_decode_start(const WalkWindow& walk, double target, double window);

}  // namespace headroom::diffusion
