#include "audio/tempo.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "audio/beats.h"
#include "audio/mel.h"
#include "audio/resample.h"
#include "audio/stft.h"
#include "base/error.h"

namespace headroom {
namespace {

constexpr std::int64_t kFft = 2048;
constexpr std::int64_t kBands = 128;
constexpr std::int64_t kBlock = 256;  // frames in work at a time
constexpr float kQuietestPower = 1e-10F;
constexpr float kDynamicRangeDb = 80.0F;
constexpr double kWindowSeconds = 8.0;
constexpr double kPreferredBpm = 120.0;
constexpr double kHighestBpm = 320.0;
constexpr int kLowestRate = 8000;

double frames_per_minute(int rate) { return 60.0 * rate / kTempoHop; }

// fp32 [frames, bands] of mel power in dB, not yet limited from below.
at::Tensor mel_decibels(const at::Tensor& mono, int rate) {
  const StftSettings settings{kFft, kTempoHop, Hann::periodic, Edge::zeros};
  const SparseFilterbank filters(mel_filterbank(rate, kFft, kBands));
  auto mel = at::empty({stft_frames(mono.size(0), settings), kBands}, at::kFloat);
  stft_for_each_block(mono.unsqueeze(0), settings, kBlock,
                      [&](const at::Tensor& block, std::int64_t first) {
                        const auto power = at::view_as_real(block[0]).square().sum(-1);
                        for (std::int64_t t = 0; t < power.size(0); ++t) {
                          filters.apply(power.data_ptr<float>() + t * power.size(1),
                                        mel.data_ptr<float>() + (first + t) * kBands);
                        }
                      });
  return mel.clamp_min_(kQuietestPower).log10_().mul_(10.0);
}

float median(std::vector<float>& values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return (*std::max_element(values.begin(), middle) + *middle) / 2.0F;  // an even number of them
}

}  // namespace

at::Tensor onset_strength(const at::Tensor& mono, int rate) {
  const auto decibels = mel_decibels(mono, rate);
  decibels.clamp_min_(decibels.max().item<float>() - kDynamicRangeDb);
  const std::int64_t frames = decibels.size(0);
  const std::int64_t delay = 1 + kFft / (2 * kTempoHop);
  auto onsets = at::zeros({frames}, at::kFloat);
  const float* level = decibels.data_ptr<float>();
  std::vector<float> rises(kBands);
  for (std::int64_t t = 0; t + delay < frames; ++t, level += kBands) {
    for (std::int64_t b = 0; b < kBands; ++b) {
      rises[static_cast<size_t>(b)] = std::max(0.0F, level[b + kBands] - level[b]);
    }
    onsets.data_ptr<float>()[t + delay] = median(rises);
  }
  return onsets;
}

namespace {

// The onsets with half a window on both sides: a straight line from 0 towards the outermost value.
at::Tensor ramp_padded(const at::Tensor& onsets, std::int64_t margin) {
  const std::int64_t frames = onsets.size(0);
  auto padded = at::empty({frames + 2 * margin}, at::kDouble);
  padded.narrow(0, margin, frames).copy_(onsets);
  auto* values = padded.data_ptr<double>();
  const double left = values[margin];
  const double right = values[margin + frames - 1];
  for (std::int64_t k = 0; k < margin; ++k) {
    const double share = static_cast<double>(k) / static_cast<double>(margin);
    values[k] = static_cast<float>(left * share);
    values[frames + 2 * margin - 1 - k] = static_cast<float>(right * share);
  }
  return padded;
}

// The length, at least `least`, that has no prime factor above 5: quick for any FFT.
std::int64_t quick_fft_length(std::int64_t least) {
  for (;; ++least) {
    std::int64_t rest = least;
    for (const std::int64_t factor : {2, 3, 5}) {
      while (rest % factor == 0) rest /= factor;
    }
    if (rest == 1) return least;
  }
}

at::Tensor hann_in_double(std::int64_t length) {
  const auto angle = at::arange(length, at::kDouble) * (2.0 * M_PI / static_cast<double>(length));
  return 0.5 - 0.5 * angle.cos();
}

}  // namespace

namespace {

// Adds |spectrum|² / energy of every frame of `block` to `sum`, frame by frame, so that the result
// does not depend on a library's order of summation.
void add_normalised_power(const at::Tensor& block, std::int64_t length, std::vector<double>& sum) {
  const auto spectrum = at::view_as_real(at::fft_rfft(block, length)).contiguous();
  const std::int64_t samples = block.size(1);
  for (std::int64_t t = 0; t < block.size(0); ++t) {
    const auto* x = block.data_ptr<double>() + t * samples;
    double energy = 0.0;
    for (std::int64_t k = 0; k < samples; ++k) energy += x[k] * x[k];
    if (energy < std::numeric_limits<double>::min()) energy = 1.0;
    const auto* bin = spectrum.data_ptr<double>() + t * std::ssize(sum) * 2;
    for (size_t k = 0; k < sum.size(); ++k, bin += 2) {
      sum[k] += (bin[0] * bin[0] + bin[1] * bin[1]) / energy;
    }
  }
}

}  // namespace

// The definition takes the mean of each frame's autocorrelation divided by its largest magnitude.
// That is always lag 0, the energy, and the inverse transform is linear, so one inverse transform
// of the mean normalised power spectrum does for all frames.
at::Tensor mean_tempogram(const at::Tensor& onsets, int rate) {
  const auto lags = static_cast<std::int64_t>(kWindowSeconds * rate / kTempoHop);
  const auto frames = ramp_padded(onsets, lags / 2).unfold(0, lags, 1);
  const auto window = hann_in_double(lags);
  const std::int64_t length = quick_fft_length(2 * lags - 1);
  std::vector<double> power(static_cast<size_t>(length / 2 + 1));
  const std::int64_t count = onsets.size(0);
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const auto block =
        (frames.narrow(0, first, std::min(kBlock, count - first)) * window).contiguous();
    add_normalised_power(block, length, power);
  }
  for (double& value : power) value /= static_cast<double>(count);
  return at::fft_irfft(at::tensor(power, at::kDouble), length).narrow(0, 0, lags).clone();
}

double likeliest_tempo(const at::Tensor& tempogram, int rate) {
  const auto* strength = tempogram.data_ptr<double>();
  double best_score = -std::numeric_limits<double>::infinity();
  double best = 0.0;
  for (std::int64_t lag = 1; lag < tempogram.size(0); ++lag) {
    const double bpm = frames_per_minute(rate) / static_cast<double>(lag);
    if (bpm >= kHighestBpm) continue;
    const double octaves = std::log2(bpm) - std::log2(kPreferredBpm);
    const double score = std::log1p(1e6 * strength[lag]) - 0.5 * octaves * octaves;
    if (score > best_score) {
      best_score = score;
      best = bpm;
    }
  }
  return best;
}

std::vector<double> BeatTrack::beat_times(int rate) const {
  std::vector<double> times;
  times.reserve(beats.size());
  for (const auto beat : beats) times.push_back(static_cast<double>(beat * kTempoHop) / rate);
  return times;
}

namespace {

BeatTrack find_tempo(const at::Tensor& mono, int rate) {
  if (mono.dim() != 1) throw Error(ErrorKind::internal, "tempo analysis wants mono audio, [n]");
  if (rate < kLowestRate) {
    throw Error(ErrorKind::input,
                fmt::format("tempo analysis needs at least {} Hz, not {}; resample first",
                            kLowestRate, rate));
  }
  BeatTrack track;
  track.onset_envelope = onset_strength(mono, rate);
  if (track.onset_envelope.any().item<bool>()) {
    track.tempogram_mean = mean_tempogram(track.onset_envelope, rate);
    track.bpm = likeliest_tempo(track.tempogram_mean, rate);
  }
  return track;
}

}  // namespace

BeatTrack track_beats(const at::Tensor& mono, int rate) {
  auto track = find_tempo(mono, rate);
  if (track.bpm <= 0.0) return track;
  const auto frames_per_beat =
      static_cast<std::int64_t>(std::nearbyint(frames_per_minute(rate) / track.bpm));
  track.local_score = beat_local_score(track.onset_envelope, frames_per_beat);
  auto chain = link_beats(track.local_score, frames_per_beat);
  track.cumulative_score = chain.cumulative_score;
  track.beats = trim_beats(follow_beats(chain), track.local_score);
  return track;
}

double estimate_tempo(const at::Tensor& mono, int rate) { return find_tempo(mono, rate).bpm; }

int reported_bpm(double tempo, int silent) {
  return tempo > 0.0 ? static_cast<int>(std::nearbyint(tempo)) : silent;
}

namespace {

constexpr int kCoarseRate = 22050;
constexpr int kCoarseDefault = 120;

// Sum over the bins of what got louder from one frame to the next, minus its mean.
std::vector<double> spectral_flux(const at::Tensor& audio, const StftSettings& settings) {
  std::vector<double> flux;
  at::Tensor last;
  stft_for_each_block(
      audio.unsqueeze(0), settings, kBlock, [&](const at::Tensor& block, std::int64_t) {
        auto level = block[0].abs();
        if (last.defined()) level = at::cat({last, level}, 0);
        last = level.narrow(0, level.size(0) - 1, 1).clone();
        const auto before = level.narrow(0, 0, level.size(0) - 1);
        const auto rise = (level.narrow(0, 1, level.size(0) - 1) - before).clamp_min_(0.0);
        const auto sums = rise.sum(1).to(at::kDouble);
        flux.insert(flux.end(), sums.data_ptr<double>(), sums.data_ptr<double>() + sums.size(0));
      });
  double mean = 0.0;
  for (const double value : flux) mean += value / static_cast<double>(flux.size());
  for (double& value : flux) value -= mean;
  return flux;
}

}  // namespace

int coarse_bpm(const at::Tensor& mono, int rate) {
  const auto audio = sinc_resample(mono, rate, kCoarseRate);
  const StftSettings settings{kFft, kTempoHop, Hann::periodic, Edge::reflect};
  if (audio.size(0) <= kFft / 2) return kCoarseDefault;
  const auto flux = spectral_flux(audio, settings);
  const double frames_per_second = static_cast<double>(kCoarseRate) / kTempoHop;
  const auto shortest = static_cast<std::int64_t>(frames_per_second * 60.0 / 200.0);
  const auto longest =
      std::min(static_cast<std::int64_t>(frames_per_second * 60.0 / 60.0), std::ssize(flux) / 2);
  double best = 0.0;
  std::int64_t best_lag = 0;
  for (std::int64_t lag = shortest; lag < longest; ++lag) {
    double sum = 0.0;
    for (std::int64_t t = lag; t < std::ssize(flux); ++t) {
      sum += flux[static_cast<size_t>(t)] * flux[static_cast<size_t>(t - lag)];
    }
    if (sum > best) {
      best = sum;
      best_lag = lag;
    }
  }
  if (best_lag == 0) return kCoarseDefault;
  return static_cast<int>(std::nearbyint(60.0 * frames_per_second / static_cast<double>(best_lag)));
}

}  // namespace headroom
