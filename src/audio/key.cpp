#include "audio/key.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include <fmt/format.h>

#include "audio/stft.h"
#include "base/error.h"

namespace headroom {
namespace {

constexpr std::int64_t kPitchClasses = 12;
constexpr std::int64_t kBlock = 16;  // frames in work at a time
constexpr int kLowestRate = 8000;
constexpr double kLowestA = 27.5;      // Hz, A0
constexpr double kCentreOctave = 5.0;  // A5: where chroma listens most
constexpr double kOctaveWidth = 2.0;

using Profile = std::array<double, 12>;

struct ProfilePair {
  std::string_view name;
  Profile major;
  Profile minor;
};

// Tonic first. Krumhansl & Kessler 1982; Temperley 2001 (Kostka & Payne); Faraldo et al. 2016,
// 2017.
constexpr std::array<ProfilePair, 4> kProfiles{{
    {"krumhansl",
     {6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88},
     {6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17}},
    {"temperley",
     {.748, .060, .488, .082, .670, .460, .096, .715, .104, .366, .057, .400},
     {.712, .084, .474, .618, .049, .460, .105, .747, .404, .067, .133, .330}},
    {"edma",
     {1.00, .29, .50, .40, .60, .56, .32, .80, .31, .45, .42, .39},
     {1.00, .31, .44, .58, .33, .49, .29, .78, .43, .29, .53, .32}},
    {"bgate",
     {1.00, 0, .42, 0, .53, .37, 0, .77, 0, .38, .21, .30},
     {1.00, 0, .36, .39, 0, .38, 0, .74, .27, 0, .42, .23}},
}};

constexpr std::array<std::string_view, 12> kNotes{"C",  "C#", "D",  "D#", "E",  "F",
                                                  "F#", "G",  "G#", "A",  "A#", "B"};

double correlation(std::span<const double, 12> a, const Profile& b) {
  double mean_a = 0.0;
  double mean_b = 0.0;
  for (size_t i = 0; i < 12; ++i) {
    mean_a += a[i] / 12.0;
    mean_b += b[i] / 12.0;
  }
  double product = 0.0;
  double power_a = 0.0;
  double power_b = 0.0;
  for (size_t i = 0; i < 12; ++i) {
    product += (a[i] - mean_a) * (b[i] - mean_b);
    power_a += (a[i] - mean_a) * (a[i] - mean_a);
    power_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  const double scale = std::sqrt(power_a * power_b);
  return scale > 0.0 ? product / scale : 0.0;
}

void check(const at::Tensor& mono, int rate) {
  if (mono.dim() != 1) throw Error(ErrorKind::internal, "key analysis wants mono audio, [n]");
  if (rate < kLowestRate) {
    throw Error(ErrorKind::input,
                fmt::format("key analysis needs at least {} Hz, not {}; resample first",
                            kLowestRate, rate));
  }
}

}  // namespace

KeyProfile parse_key_profile(std::string_view name) {
  for (size_t i = 0; i < kProfiles.size(); ++i) {
    if (kProfiles[i].name == name) return static_cast<KeyProfile>(i);
  }
  throw Error(ErrorKind::usage,
              fmt::format("'{}' is not a key profile; there are krumhansl, temperley, edma, bgate",
                          printable(name)));
}

std::string key_name(int index) {
  if (index < 0 || index >= 24) throw Error(ErrorKind::internal, "a key index is 0 to 23");
  return fmt::format("{} {}", kNotes[static_cast<size_t>(index % 12)],
                     index < 12 ? "major" : "minor");
}

std::string KeyEstimate::name() const { return key_name(index); }

at::Tensor chroma_filter(int rate, double tuning) {
  const std::int64_t bins = kChromaFft / 2 + 1;
  // Pitch of every bin in semitones above A0, one bin further than is used.
  std::vector<double> pitch(static_cast<size_t>(bins + 1));
  const double reference = 16.0 * kLowestA * std::exp2(tuning / 12.0) / 16.0;
  for (std::int64_t k = 1; k <= bins; ++k) {
    const double hz = static_cast<double>(k) * rate / static_cast<double>(kChromaFft);
    pitch[static_cast<size_t>(k)] = 12.0 * std::log2(hz / reference);
  }
  pitch[0] = pitch[1] - 18.0;
  auto filter = at::empty({kPitchClasses, bins}, at::kFloat);
  for (std::int64_t k = 0; k < bins; ++k) {
    const double q = pitch[static_cast<size_t>(k)];
    const double width = std::max(1.0, pitch[static_cast<size_t>(k + 1)] - q);
    std::array<double, kPitchClasses> weight{};
    double power = 0.0;
    for (std::int64_t c = 0; c < kPitchClasses; ++c) {
      const double distance = std::fmod(q - static_cast<double>(c) + 126.0, 12.0) - 6.0;
      const double bell = 2.0 * distance / width;
      const double value = std::exp(-0.5 * bell * bell);
      weight[static_cast<size_t>(c)] = value;
      power += value * value;
    }
    const double octaves = (q / 12.0 - kCentreOctave) / kOctaveWidth;
    const double scale = std::exp(-0.5 * octaves * octaves) / std::sqrt(power);
    for (std::int64_t row = 0; row < kPitchClasses; ++row) {
      // Pitch classes were counted from A; rows begin with C.
      const auto c = static_cast<size_t>((row + 3) % kPitchClasses);
      filter.data_ptr<float>()[row * bins + k] = static_cast<float>(weight[c] * scale);
    }
  }
  return filter;
}

namespace {

// sums[c] = Σ_k filter[k, c] · power[k]; `filter` is [bins, 12], so that the twelve sums run side
// by side, each in one fixed order.
void fold_pitches(const float* filter, const float* power, std::int64_t bins, double* sums) {
  std::fill(sums, sums + kPitchClasses, 0.0);
  for (std::int64_t k = 0; k < bins; ++k, filter += kPitchClasses) {
    const double level = power[k];
    for (std::int64_t c = 0; c < kPitchClasses; ++c) sums[c] += level * filter[c];
  }
}

}  // namespace

at::Tensor chroma(const at::Tensor& mono, int rate, double tuning) {
  check(mono, rate);
  const StftSettings settings{kChromaFft, kChromaHop, Hann::periodic, Edge::zeros};
  const auto filter = chroma_filter(rate, tuning).t().contiguous();
  auto result = at::empty({kPitchClasses, stft_frames(mono.size(0), settings)}, at::kFloat);
  stft_for_each_block(
      mono.unsqueeze(0), settings, kBlock, [&](const at::Tensor& block, std::int64_t first) {
        const auto power = at::view_as_real(block[0]).square().sum(-1);
        for (std::int64_t t = 0; t < power.size(0); ++t) {
          std::array<double, kPitchClasses> sums;
          fold_pitches(filter.data_ptr<float>(), power.data_ptr<float>() + t * power.size(1),
                       power.size(1), sums.data());
          const double peak = *std::max_element(sums.begin(), sums.end());
          const double scale = peak < double{std::numeric_limits<float>::min()} ? 1.0 : 1.0 / peak;
          float* column = result.data_ptr<float>() + first + t;
          for (std::int64_t c = 0; c < kPitchClasses; ++c) {
            column[c * result.size(1)] = static_cast<float>(sums[static_cast<size_t>(c)] * scale);
          }
        }
      });
  return result;
}

namespace {

struct Peak {
  double hz;
  double magnitude;
};

constexpr double kLowestPeakHz = 150.0;
constexpr double kHighestPeakHz = 4000.0;
constexpr double kPeakShare = 0.1;  // of the largest magnitude of the frame

// Appends the spectral peaks of one frame of magnitudes, placed between bins by a parabola.
void find_peaks(std::span<const float> level, double hz_per_bin, std::vector<Peak>& peaks) {
  const double threshold = kPeakShare * *std::max_element(level.begin(), level.end());
  const auto first = static_cast<size_t>(std::ceil(kLowestPeakHz / hz_per_bin));
  for (size_t k = first; k + 1 < level.size(); ++k) {
    if (static_cast<double>(k) * hz_per_bin >= kHighestPeakHz) break;
    const double here = level[k];
    const double left = level[k - 1];
    const double right = level[k + 1];
    const bool is_peak = here > threshold && here > left && here >= right;  // false for NaN, too
    if (!is_peak) continue;
    const double slope = 0.5 * (right - left);
    const double curve = 2.0 * here - right - left;
    const double shift = curve > 0.0 ? slope / curve : 0.0;
    peaks.push_back({(static_cast<double>(k) + shift) * hz_per_bin, here + 0.5 * slope * shift});
  }
}

double median_magnitude(const std::vector<Peak>& peaks) {
  std::vector<double> values;
  values.reserve(peaks.size());
  for (const auto& peak : peaks) values.push_back(peak.magnitude);
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2.0;
}

double commonest_residual(const std::vector<Peak>& peaks) {
  constexpr int kBins = 100;
  const double threshold = median_magnitude(peaks);
  std::array<std::int64_t, kBins> histogram{};
  for (const auto& peak : peaks) {
    if (peak.magnitude < threshold) continue;
    const double semitones = 12.0 * std::log2(peak.hz / kLowestA);
    const double residual = semitones - std::floor(semitones + 0.5);  // −0.5 ≤ r < 0.5
    const auto bin = static_cast<int>((residual + 0.5) * kBins);
    ++histogram[static_cast<size_t>(std::clamp(bin, 0, kBins - 1))];
  }
  const auto fullest = std::max_element(histogram.begin(), histogram.end()) - histogram.begin();
  return static_cast<double>(fullest) / kBins - 0.5;
}

}  // namespace

double estimate_tuning(const at::Tensor& mono, int rate) {
  check(mono, rate);
  const StftSettings settings{kChromaFft, kChromaHop / 2, Hann::periodic, Edge::zeros};
  const double hz_per_bin = static_cast<double>(rate) / static_cast<double>(kChromaFft);
  std::vector<Peak> peaks;
  stft_for_each_block(
      mono.unsqueeze(0), settings, kBlock, [&](const at::Tensor& block, std::int64_t) {
        const auto level = block[0].abs();
        const auto bins = static_cast<size_t>(level.size(1));
        for (std::int64_t t = 0; t < level.size(0); ++t) {
          find_peaks({level.data_ptr<float>() + t * level.size(1), bins}, hz_per_bin, peaks);
        }
      });
  return peaks.empty() ? 0.0 : commonest_residual(peaks);
}

at::Tensor key_scores(const at::Tensor& mean_chroma, KeyProfile profile) {
  const auto mean = mean_chroma.to(at::kDouble).contiguous();
  if (mean.numel() != kPitchClasses) throw Error(ErrorKind::internal, "a chroma has 12 values");
  const std::span<const double, 12> classes(mean.data_ptr<double>(), 12);
  const auto& pair = kProfiles[static_cast<size_t>(profile)];
  auto scores = at::empty({2 * kPitchClasses}, at::kDouble);
  for (std::int64_t key = 0; key < 2 * kPitchClasses; ++key) {
    const auto& shape = key < kPitchClasses ? pair.major : pair.minor;
    Profile rotated;
    for (size_t i = 0; i < 12; ++i) rotated[(i + static_cast<size_t>(key)) % 12] = shape[i];
    scores.data_ptr<double>()[key] = correlation(classes, rotated);
  }
  return scores;
}

KeyEstimate best_key(const at::Tensor& scores) {
  const auto values = scores.to(at::kDouble).contiguous();
  const auto* begin = values.data_ptr<double>();
  const auto* end = begin + values.numel();
  const auto* best = std::max_element(begin, end);
  double second = -1.0;
  for (const auto* other = begin; other < end; ++other) {
    if (other != best) second = std::max(second, *other);
  }
  return {static_cast<int>(best - begin), *best - second};
}

KeyEstimate detect_key(const at::Tensor& mono, int rate, const KeySettings& settings) {
  const double tuning = settings.tuning ? *settings.tuning : estimate_tuning(mono, rate);
  const auto mean = chroma(mono, rate, tuning).to(at::kDouble).mean(1);
  return best_key(key_scores(mean, settings.profile));
}

}  // namespace headroom
