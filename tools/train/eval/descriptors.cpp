#include "train/eval/descriptors.h"

#include <cmath>

#include "audio/channels.h"
#include "audio/stft.h"
#include "audio/tempo.h"
#include "train/eval/harmonic_percussive.h"

namespace headroom::train {
namespace {

constexpr double kTiny = 1e-9;
constexpr std::int64_t kWindow = 2048;
constexpr double kLow = 150.0;    // Hz
constexpr double kHigh = 5000.0;  // Hz

constexpr int kRounds = 2000;
constexpr double kRate = 0.2;
constexpr double kDecay = 0.01;

// Standard deviation of a series over its mean, as a logarithm.
double log_modulation(const at::Tensor& series) {
  const auto deviation = series.std(/*unbiased=*/false).item<double>();
  return std::log((deviation + kTiny) / (series.mean().item<double>() + kTiny));
}

std::int64_t bin_of(double hz, int rate) {
  return static_cast<std::int64_t>(std::lround(hz * kWindow / rate));
}

double power_of(const at::Tensor& audio) { return audio.square().mean().item<double>(); }

}  // namespace

Descriptors describe(const at::Tensor& audio, int rate) {
  auto mono = to_mono(audio).contiguous();
  mono = mono / (std::sqrt(power_of(mono)) + 1e-6);
  const auto onsets = onset_strength(mono, rate);
  const auto spectrum = stft(mono.unsqueeze(0), {.n_fft = kWindow, .hop = kWindow / 4})[0];
  const auto power = spectrum.abs().square();  // [frames, bins]
  const auto loudness = power.sum(1);
  const auto mean = power.mean(0);
  const auto total = mean.sum().item<double>() + kTiny;
  const auto hz = at::arange(mean.size(0), at::kFloat) * (static_cast<double>(rate) / kWindow);
  const auto flatness = (power + kTiny).log().mean(1) - (power + kTiny).mean(1).log();
  const auto high = bin_of(kHigh, rate);
  const auto parts = split_harmonic_percussive(mono.unsqueeze(0), kWindow);
  return {onsets.mean().item<double>(),
          log_modulation(onsets),
          flatness.mean().item<double>(),
          std::log((mean * hz).sum().item<double>() / total + 1.0),
          std::log(mean.narrow(0, high, mean.size(0) - high).sum().item<double>() / total + kTiny),
          log_modulation(power.narrow(1, 0, bin_of(kLow, rate)).sum(1)),
          log_modulation(loudness),
          std::log((power_of(parts.harmonic) + kTiny) / (power_of(parts.percussive) + kTiny))};
}

LogisticClassifier::LogisticClassifier(const std::vector<LabelledPiece>& examples) {
  const auto count = static_cast<double>(examples.size());
  for (size_t k = 0; k < kDescriptors; ++k) {
    double sum = 0.0;
    double square = 0.0;
    for (const auto& one : examples) sum += one.values[k];
    mean_[k] = sum / count;
    for (const auto& one : examples) square += std::pow(one.values[k] - mean_[k], 2);
    deviation_[k] = std::sqrt(square / count) + kTiny;
  }
  for (int round = 0; round < kRounds; ++round) {
    Descriptors slope{};
    double bias_slope = 0.0;
    for (const auto& one : examples) {
      const double error = probability(one.values) - (one.positive ? 1.0 : 0.0);
      const auto values = standardised(one.values);
      for (size_t k = 0; k < kDescriptors; ++k) slope[k] += error * values[k] / count;
      bias_slope += error / count;
    }
    for (size_t k = 0; k < kDescriptors; ++k)
      weights_[k] -= kRate * (slope[k] + kDecay * weights_[k]);
    bias_ -= kRate * bias_slope;
  }
}

Descriptors LogisticClassifier::standardised(const Descriptors& values) const {
  Descriptors result{};
  for (size_t k = 0; k < kDescriptors; ++k) result[k] = (values[k] - mean_[k]) / deviation_[k];
  return result;
}

double LogisticClassifier::probability(const Descriptors& values) const {
  const auto standard = standardised(values);
  double sum = bias_;
  for (size_t k = 0; k < kDescriptors; ++k) sum += weights_[k] * standard[k];
  return 1.0 / (1.0 + std::exp(-sum));
}

}  // namespace headroom::train
