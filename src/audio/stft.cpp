#include "audio/stft.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom {
namespace {

std::int64_t margin(const StftSettings& settings) {
  return settings.edge == Edge::none ? 0 : settings.n_fft / 2;
}

// Positions [from, to) of the signal continued by its edge rule, most of which lie inside.
at::Tensor padded_span(const at::Tensor& audio, std::int64_t from, std::int64_t to, Edge edge) {
  const std::int64_t samples = audio.size(1);
  const std::int64_t begin = std::clamp<std::int64_t>(from, 0, samples);
  const std::int64_t end = std::clamp<std::int64_t>(to, begin, samples);
  auto inside = audio.narrow(1, begin, end - begin);
  if (begin == from && end == to) return inside;
  if (edge != Edge::reflect) {
    const std::int64_t before = std::min<std::int64_t>(to, begin) - from;
    return at::constant_pad_nd(inside, {before, to - from - before - (end - begin)});
  }
  auto index = at::arange(from, to, at::TensorOptions(at::kLong).device(audio.device())).abs();
  index = (samples - 1) - (index - (samples - 1)).abs();
  return audio.index_select(1, index);
}

void check(const at::Tensor& audio, const StftSettings& settings) {
  if (audio.dim() != 2 || settings.n_fft < 2 || settings.n_fft % 2 != 0 || settings.hop < 1) {
    throw Error(ErrorKind::internal, "stft wants [channels, samples] and an even n_fft");
  }
  if (settings.edge == Edge::reflect && audio.size(1) <= settings.n_fft / 2) {
    throw Error(ErrorKind::input,
                fmt::format("the audio has {} samples, but this analysis needs more than {}",
                            audio.size(1), settings.n_fft / 2));
  }
}

at::Tensor frames_of(const at::Tensor& audio, const StftSettings& settings,
                     const at::Tensor& window, std::int64_t first, std::int64_t count) {
  const std::int64_t from = first * settings.hop - margin(settings);
  const std::int64_t to = from + (count - 1) * settings.hop + settings.n_fft;
  const auto span = padded_span(audio, from, to, settings.edge);
  return at::fft_rfft(span.unfold(1, settings.n_fft, settings.hop).mul(window)).contiguous();
}

}  // namespace

at::Tensor hann_window(std::int64_t length, Hann kind) {
  auto window = at::empty({length}, at::kFloat);
  const auto period = static_cast<double>(kind == Hann::periodic ? length : length - 1);
  for (std::int64_t k = 0; k < length; ++k) {
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(k) / period;
    window.data_ptr<float>()[k] = static_cast<float>(0.5 - 0.5 * std::cos(angle));
  }
  return window;
}

std::int64_t stft_frames(std::int64_t samples, const StftSettings& settings) {
  if (settings.edge != Edge::none) return 1 + samples / settings.hop;
  return samples < settings.n_fft ? 0 : 1 + (samples - settings.n_fft) / settings.hop;
}

at::Tensor stft(const at::Tensor& audio, const StftSettings& settings) {
  check(audio, settings);
  const std::int64_t frames = stft_frames(audio.size(1), settings);
  if (frames == 0) {
    return at::empty({audio.size(0), 0, settings.n_fft / 2 + 1},
                     audio.options().dtype(at::kComplexFloat));
  }
  const auto window = hann_window(settings.n_fft, settings.window).to(audio.device());
  return frames_of(audio, settings, window, 0, frames);
}

at::Tensor istft(const at::Tensor& spectrum, const StftSettings& settings) {
  if (settings.edge == Edge::none || spectrum.dim() != 3 || spectrum.size(1) < 1) {
    throw Error(ErrorKind::internal, "istft wants the [channels, frames, bins] of a centred stft");
  }
  const std::int64_t frames = spectrum.size(1);
  const std::int64_t padded = settings.n_fft + settings.hop * (frames - 1);
  const auto window = hann_window(settings.n_fft, settings.window).to(spectrum.device());
  const auto pieces = at::fft_irfft(spectrum, settings.n_fft).mul_(window);
  const auto sum =
      at::unfold_backward(pieces, {spectrum.size(0), padded}, 1, settings.n_fft, settings.hop);
  const auto squares = window.square().expand({frames, settings.n_fft}).contiguous();
  const auto weight = at::unfold_backward(squares, {padded}, 0, settings.n_fft, settings.hop);
  const std::int64_t begin = margin(settings);
  const std::int64_t length = settings.hop * (frames - 1);
  return sum.narrow(1, begin, length) / weight.narrow(0, begin, length);
}

void stft_for_each_block(const at::Tensor& audio, const StftSettings& settings,
                         std::int64_t frames_per_block,
                         const std::function<void(const at::Tensor&, std::int64_t)>& visit) {
  check(audio, settings);
  const std::int64_t frames = stft_frames(audio.size(1), settings);
  const auto window = hann_window(settings.n_fft, settings.window).to(audio.device());
  for (std::int64_t first = 0; first < frames; first += frames_per_block) {
    const std::int64_t count = std::min(frames_per_block, frames - first);
    visit(frames_of(audio, settings, window, first, count), first);
  }
}

}  // namespace headroom
