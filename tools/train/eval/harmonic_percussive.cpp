#include "train/eval/harmonic_percussive.h"

#include <vector>

#include "audio/stft.h"

namespace headroom::train {
namespace {

constexpr std::int64_t kMedian = 31;         // points of a filter
constexpr std::int64_t kLongWindow = 16384;  // samples
constexpr std::int64_t kShortWindow = 1024;

// The median of kMedian neighbours along the last dimension of [rows, n]; edges are repeated.
at::Tensor median_along(const at::Tensor& rows) {
  const auto padded = at::replication_pad1d(rows.unsqueeze(0), {kMedian / 2, kMedian / 2})[0];
  return std::get<0>(at::median(padded.unfold(1, kMedian, 1), 2));
}

}  // namespace

HarmonicPercussive split_harmonic_percussive(const at::Tensor& audio, std::int64_t n_fft) {
  const StftSettings settings{.n_fft = n_fft, .hop = n_fft / 4};
  std::vector<at::Tensor> harmonic;
  for (std::int64_t c = 0; c < audio.size(0); ++c) {
    // One channel after the other: a median looks at 31 times as many numbers as there are.
    const auto spectrum = stft(audio.narrow(0, c, 1), settings);
    const auto magnitude = spectrum[0].abs();  // [frames, bins]
    const auto lasts = median_along(magnitude.t().contiguous()).t().square();
    const auto strikes = median_along(magnitude).square();
    const auto mask = lasts / (lasts + strikes + 1e-12);
    auto made = istft((spectrum * mask.unsqueeze(0)).contiguous(), settings);
    const auto missing = audio.size(1) - made.size(1);
    if (missing > 0) made = at::constant_pad_nd(made, {0, missing});
    harmonic.push_back(made.narrow(1, 0, audio.size(1)));
  }
  auto lasting = at::cat(harmonic);
  auto rest = audio - lasting;
  return {std::move(lasting), std::move(rest)};
}

at::Tensor voice_by_median_filters(const at::Tensor& audio) {
  const auto wavering = split_harmonic_percussive(audio, kLongWindow).percussive;
  return split_harmonic_percussive(wavering, kShortWindow).harmonic;
}

}  // namespace headroom::train
