#include "diffusion/window_plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace headroom::diffusion {
namespace {

constexpr double kShortestBand = 0.001;
constexpr std::int64_t kLongestFade = 1200;
constexpr std::int64_t kSeam = 2400;

std::int64_t sample_at(double seconds) { return static_cast<std::int64_t>(seconds * kSampleRate); }

double wrapped(double value, double length) {
  const double rest = std::fmod(value, length);
  return rest < 0.0 ? rest + length : rest;
}

// Point i of `count` from 0 to 1, both ends included.
float ramp_at(std::int64_t i, std::int64_t count) {
  return count < 2 ? 0.0F : static_cast<float>(i) / static_cast<float>(count - 1);
}

}  // namespace

std::int64_t frames_in(double seconds) { return std::llround(seconds * kFrameRate); }

std::optional<LoopBand> band_in_force(const Clip& clip, double playhead) {
  if (!clip.band) return std::nullopt;
  const LoopBand band{std::clamp(clip.band->begin, 0.0, clip.seconds),
                      std::clamp(clip.band->end, 0.0, clip.seconds)};
  const bool inside = playhead >= band.begin && playhead < band.end;
  if (band.end - band.begin <= kShortestBand || !inside) return std::nullopt;
  return band;
}

double decode_target(const Clip& clip, double playhead, double lead, double window) {
  if (const auto band = band_in_force(clip, playhead)) {
    const double length = band->end - band->begin;
    if (length < window) return band->begin;
    return band->begin + wrapped(playhead + lead - band->begin, length);
  }
  return clip.seconds > 0.0 ? wrapped(playhead + lead, clip.seconds) : 0.0;
}

DecodePlan plan_decode(std::int64_t length, std::int64_t start, std::int64_t window,
                       std::int64_t margin, bool cyclic) {
  DecodePlan plan;
  if (window >= length) {
    plan.frames.resize(static_cast<size_t>(length));
    std::iota(plan.frames.begin(), plan.frames.end(), 0);
    plan.keep_count = length;
    return plan;
  }
  plan.at = std::clamp<std::int64_t>(start, 0, length - window);
  plan.keep_count = window;
  const auto span = window + 2 * margin;
  if (cyclic) {
    plan.keep_begin = margin;
    for (std::int64_t i = 0; i < span; ++i)
      plan.frames.push_back(((plan.at - margin + i) % length + length) % length);
    return plan;
  }
  const auto count = std::min(span, length);
  const auto first = std::clamp<std::int64_t>(plan.at - margin, 0, length - count);
  plan.keep_begin = plan.at - first;
  plan.frames.resize(static_cast<size_t>(count));
  std::iota(plan.frames.begin(), plan.frames.end(), first);
  return plan;
}

WindowWrite cut_window(std::int64_t begin, std::int64_t count, std::int64_t length,
                       const std::optional<LoopBand>& band) {
  auto end = std::min(begin + count, length);
  if (band) end = std::min(end, sample_at(band->end));
  return {begin, 0, std::max<std::int64_t>(0, end - begin)};
}

std::optional<WindowWrite> wrapped_write(std::int64_t begin, std::int64_t count,
                                         const LoopBand& band) {
  const auto first = sample_at(band.begin);
  const auto last = sample_at(band.end);
  const auto over = begin + count - last;
  const bool covered = begin <= first && begin + count >= last;
  if (over <= 0 || covered) return std::nullopt;
  return WindowWrite{first, first % kSamplesPerFrame, std::min(over, last - first)};
}

std::int64_t fade_length(std::int64_t count) { return std::min(kLongestFade, count / 4); }

void write_window(std::span<float> buffer, std::span<const float> window, std::int64_t channels,
                  const WindowWrite& write) {
  const auto length = static_cast<std::int64_t>(buffer.size()) / channels;
  const auto total = static_cast<std::int64_t>(window.size()) / channels - write.offset;
  const auto fade = fade_length(total);
  const bool fades_in = write.begin > 0;
  const bool fades_out = write.begin + total < length;
  const auto count = std::min({write.count, total, length - write.begin});
  for (std::int64_t i = 0; i < count; ++i) {
    float share = 1.0F;
    if (fades_in && i < fade) share = ramp_at(i, fade);
    if (fades_out && i >= total - fade) share = 1.0F - ramp_at(i - (total - fade), fade);
    for (std::int64_t c = 0; c < channels; ++c) {
      auto& old = buffer[static_cast<size_t>((write.begin + i) * channels + c)];
      const float fresh = window[static_cast<size_t>((write.offset + i) * channels + c)];
      old = share >= 1.0F ? fresh : old * (1.0F - share) + fresh * share;
    }
  }
}

void close_loop(std::span<float> samples, std::int64_t channels) {
  const auto length = static_cast<std::int64_t>(samples.size()) / channels;
  const auto seam = std::min(kSeam, length / 4);
  for (std::int64_t i = 0; i < seam; ++i) {
    const float share = ramp_at(i, seam);
    for (std::int64_t c = 0; c < channels; ++c) {
      auto& tail = samples[static_cast<size_t>((length - seam + i) * channels + c)];
      const float head = samples[static_cast<size_t>(i * channels + c)];
      tail = tail * (1.0F - share) + head * share;
    }
  }
}

bool may_skip_decode(const DecodeGate& gate, std::optional<double> change,
                     std::optional<double> last_start, double start) {
  if (!last_start) return false;
  if (gate.threshold > 0.0 && (!change || *change >= gate.threshold)) return false;
  return std::abs(start - *last_start) < gate.window - gate.prefetch;
}

std::optional<WalkWindow> walk_window(std::int64_t frames, double buffer_seconds, double playhead,
                                      double look_ahead, double window_seconds) {
  const auto window = std::llround(window_seconds * kFrameRate);
  if (frames <= window || buffer_seconds <= 0.0) return std::nullopt;
  const double ahead = playhead + std::min(look_ahead, window_seconds / 2.0);
  const auto chunk =
      static_cast<std::int64_t>(std::floor(wrapped(ahead, buffer_seconds) / window_seconds));
  const auto begin = std::llround(kFrameRate * window_seconds * static_cast<double>(chunk));
  return WalkWindow{chunk, std::clamp<std::int64_t>(begin, 0, frames - window), window};
}

double walk_decode_start(const WalkWindow& walk, double target, double window) {
  const double begin = static_cast<double>(walk.begin_frame) / kFrameRate;
  const double length = static_cast<double>(walk.frames) / kFrameRate;
  return std::clamp(target - begin, 0.0, std::max(0.0, length - window));
}

}  // namespace headroom::diffusion
