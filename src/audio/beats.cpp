#include "audio/beats.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

namespace headroom {
namespace {

constexpr double kTightness = 100.0;
constexpr double kSharpness = 32.0;       // beats per width of the local score's bell
constexpr double kFirstBeatShare = 0.01;  // of the largest local score

std::span<const double> values_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<double>(), static_cast<size_t>(tensor.numel())};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2.0;
}

}  // namespace

at::Tensor beat_local_score(const at::Tensor& onsets, std::int64_t frames_per_beat) {
  const auto x = onsets.to(at::kDouble).contiguous();
  const auto samples = values_of(x);
  const auto frames = std::ssize(samples);
  double mean = 0.0;
  for (const double value : samples) mean += value / static_cast<double>(frames);
  double variance = 0.0;
  for (const double value : samples) variance += (value - mean) * (value - mean);
  const double deviation = std::sqrt(variance / static_cast<double>(frames - 1));
  const double scale = 1.0 / (deviation + double{std::numeric_limits<float>::min()});
  std::vector<double> bell;
  for (std::int64_t k = -frames_per_beat; k <= frames_per_beat; ++k) {
    const double width = kSharpness * static_cast<double>(k) / static_cast<double>(frames_per_beat);
    bell.push_back(std::exp(-0.5 * width * width));
  }
  auto score = at::zeros({frames}, at::kDouble);
  for (std::int64_t i = 0; i < frames; ++i) {
    const std::int64_t from = std::max<std::int64_t>(0, i - frames_per_beat);
    const std::int64_t to = std::min<std::int64_t>(frames - 1, i + frames_per_beat);
    double sum = 0.0;
    for (std::int64_t j = from; j <= to; ++j) {
      sum += samples[static_cast<size_t>(j)] * scale *
             bell[static_cast<size_t>(j - i + frames_per_beat)];
    }
    score.data_ptr<double>()[i] = sum;
  }
  return score;
}

BeatChain link_beats(const at::Tensor& local_score, std::int64_t frames_per_beat) {
  const auto local = values_of(local_score);
  const auto frames = std::ssize(local);
  const double threshold = kFirstBeatShare * *std::max_element(local.begin(), local.end());
  const auto nearest =
      static_cast<std::int64_t>(std::nearbyint(static_cast<double>(frames_per_beat) / 2.0));
  const std::int64_t farthest = 2 * frames_per_beat;
  std::vector<double> cost(static_cast<size_t>(farthest + 1));
  for (std::int64_t d = nearest; d <= farthest; ++d) {
    const double stretch =
        std::log(static_cast<double>(d)) - std::log(static_cast<double>(frames_per_beat));
    cost[static_cast<size_t>(d)] = kTightness * stretch * stretch;
  }
  BeatChain chain{at::empty({frames}, at::kDouble), {}};
  chain.before.reserve(local.size());
  auto* score = chain.cumulative_score.data_ptr<double>();
  bool before_music = true;
  for (std::int64_t i = 0; i < frames; ++i) {
    double best = -std::numeric_limits<double>::infinity();
    std::int64_t from = -1;
    for (std::int64_t d = nearest; d <= farthest && d <= i; ++d) {
      const double candidate = score[i - d] - cost[static_cast<size_t>(d)];
      if (candidate > best) {
        best = candidate;
        from = i - d;
      }
    }
    const double own = local[static_cast<size_t>(i)];
    score[i] = from >= 0 ? own + best : own;
    before_music = before_music && own < threshold;
    chain.before.push_back(before_music ? -1 : from);
  }
  return chain;
}

std::vector<std::int64_t> follow_beats(const BeatChain& chain) {
  const auto score = values_of(chain.cumulative_score);
  std::vector<size_t> maxima;
  for (size_t i = 1; i < score.size(); ++i) {
    if (score[i] > score[i - 1] && (i + 1 == score.size() || score[i] >= score[i + 1])) {
      maxima.push_back(i);
    }
  }
  std::vector<double> heights;
  heights.reserve(maxima.size());
  for (const size_t i : maxima) heights.push_back(score[i]);
  auto beat = std::ssize(score) - 1;
  if (!maxima.empty()) {
    const double threshold = median(heights) / 2.0;
    const auto last = std::find_if(maxima.rbegin(), maxima.rend(),
                                   [&](size_t i) { return score[i] >= threshold; });
    if (last != maxima.rend()) beat = static_cast<std::int64_t>(*last);
  }
  std::vector<std::int64_t> beats;
  for (; beat >= 0; beat = chain.before[static_cast<size_t>(beat)]) beats.push_back(beat);
  std::reverse(beats.begin(), beats.end());
  return beats;
}

std::vector<std::int64_t> trim_beats(const std::vector<std::int64_t>& beats,
                                     const at::Tensor& local_score) {
  const auto local = values_of(local_score);
  const auto at_beat = [&](std::int64_t i) {
    const bool inside = i >= 0 && i < std::ssize(beats);
    return inside ? local[static_cast<size_t>(beats[static_cast<size_t>(i)])] : 0.0;
  };
  // Full convolution with (0, ½, 1, ½, 0) without its first two values: two more than the beats.
  const auto length = std::min(std::ssize(beats) + 2, std::ssize(local));
  double power = 0.0;
  for (std::int64_t i = 0; i < length; ++i) {
    const double smooth = 0.5 * at_beat(i - 1) + at_beat(i) + 0.5 * at_beat(i + 1);
    power += smooth * smooth / static_cast<double>(length);
  }
  const double threshold = 0.5 * std::sqrt(power);
  const auto loud = [&](double value) { return value > threshold; };
  const auto first = std::find_if(local.begin(), local.end(), loud) - local.begin();
  const auto behind = std::find_if(local.rbegin(), local.rend(), loud);
  const auto last = std::ssize(local) - 1 - (behind - local.rbegin());
  std::vector<std::int64_t> kept;
  std::copy_if(beats.begin(), beats.end(), std::back_inserter(kept),
               [&](std::int64_t beat) { return beat >= first && beat <= last; });
  return kept;
}

}  // namespace headroom
