#include "studio/chunks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::studio {

std::vector<Chunk> plan_encode(std::int64_t samples, const EncodeLimits& limits) {
  const auto frames = (samples + limits.hop - 1) / limits.hop;
  if (samples <= limits.most_samples) return {{0, frames, 0, frames}};
  const auto core = limits.most_samples / limits.hop - 2 * limits.margin;
  if (core <= 0) {
    throw Error(
        ErrorKind::usage,
        fmt::format("an encoder run of {} samples leaves nothing between two margins of {} "
                    "frames; allow at least {} samples",
                    limits.most_samples, limits.margin, (2 * limits.margin + 1) * limits.hop));
  }
  const auto least = (limits.least_samples + limits.hop - 1) / limits.hop;
  std::vector<Chunk> chunks;
  for (std::int64_t at = 0; at < frames; at += core) {
    const auto core_end = std::min(at + core, frames);
    Chunk chunk{std::max<std::int64_t>(0, at - limits.margin),
                std::min(frames, core_end + limits.margin), at, core_end};
    if (chunk.length() < least) chunk.begin = std::max<std::int64_t>(0, chunk.end - least);
    if (chunk.length() < least) chunk.end = std::min(frames, chunk.begin + least);
    chunks.push_back(chunk);
  }
  return chunks;
}

std::vector<Chunk> plan_tiles(std::int64_t length, std::int64_t chunk, std::int64_t overlap) {
  if (length <= chunk) return {{0, length, 0, length}};
  const auto stride = chunk - 2 * overlap;
  if (stride <= 0) {
    throw Error(
        ErrorKind::usage,
        fmt::format("tiles of {} with an overlap of {} on each side keep nothing", chunk, overlap));
  }
  std::vector<Chunk> tiles;
  for (std::int64_t at = 0; at < length; at += stride) {
    const auto end = std::min(at + stride, length);
    tiles.push_back(
        {std::max<std::int64_t>(0, at - overlap), std::min(length, end + overlap), at, end});
  }
  return tiles;
}

std::int64_t window_span(double seconds, double frames_per_second) {
  const auto kept = static_cast<std::int64_t>(std::ceil(seconds * frames_per_second));
  return std::max(kWindowFrames, kept + 2 * kWindowContext);
}

Window plan_window(std::int64_t length, double start, double seconds, bool cyclic,
                   double frames_per_second, std::int64_t span) {
  constexpr double shortest = 0.04;
  const double longest =
      std::max(shortest, static_cast<double>(span - 2 * kWindowContext) / frames_per_second);
  // Truncation in double precision on purpose: 1.16 s is frame 28, as in the reference.
  const auto kept = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(std::clamp(seconds, shortest, longest) * frames_per_second), 1,
      span);
  Window window;
  if (seconds <= 0.0 || length <= kept) {
    window = {std::vector<std::int64_t>(static_cast<size_t>(length)), 0, length, 0};
    std::iota(window.frames.begin(), window.frames.end(), 0);
    return window;
  }
  auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>(start * frames_per_second));
  first = std::max<std::int64_t>(0, std::min(length, first + kept) - kept);
  const auto left = (span - kept) / 2;
  window.keep_count = kept;
  window.at = first;
  if (cyclic) {
    window.keep_begin = left;
    for (std::int64_t i = 0; i < span; ++i) {
      window.frames.push_back(((first - left + i) % length + length) % length);
    }
    return window;
  }
  const auto begin = std::max<std::int64_t>(0, std::min(first - left, length - span));
  window.keep_begin = first - begin;
  window.frames.resize(static_cast<size_t>(std::min(length, span)));
  std::iota(window.frames.begin(), window.frames.end(), begin);
  return window;
}

}  // namespace headroom::studio
