#include "audio/key_network.h"

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "audio/mel.h"
#include "audio/stft.h"
#include "base/error.h"

namespace headroom {
namespace {

constexpr StftSettings kSettings{8192, 8820, Hann::symmetric, Edge::reflect};
constexpr std::int64_t kBins = 8192 / 2 + 1;
constexpr double kLowestHz = 65.0;
constexpr double kHighestHz = 2100.0;
constexpr int kStepsPerOctave = 24;
constexpr std::int64_t kBlock = 64;  // frames in work at a time
constexpr std::int64_t kShortestFrames = 8;

constexpr std::array<std::int64_t, 9> kKernels{5, 3, 3, 3, 3, 3, 3, 3, 1};

constexpr std::array<std::string_view, 24> kLabels{
    "A major",  "Bb major", "B major",  "C major",  "Db major", "D major",  "Eb major", "E major",
    "F major",  "F# major", "G major",  "Ab major", "A minor",  "Bb minor", "B minor",  "C minor",
    "C# minor", "D minor",  "D# minor", "E minor",  "F minor",  "F# minor", "G minor",  "G# minor"};

// The bins nearest to the quarter tones in range, each once.
std::vector<std::int64_t> corner_bins() {
  std::vector<std::int64_t> bins;
  const double hz_per_bin = kKeyNetworkRate / 2.0 / static_cast<double>(kBins - 1);
  for (int k = -4 * kStepsPerOctave; k <= 4 * kStepsPerOctave; ++k) {
    const double hz = 440.0 * std::exp2(static_cast<double>(k) / kStepsPerOctave);
    if (hz < kLowestHz || hz > kHighestHz) continue;
    const auto bin = static_cast<std::int64_t>(std::nearbyint(hz / hz_per_bin));
    if (bins.empty() || bins.back() != bin) bins.push_back(bin);
  }
  return bins;
}

}  // namespace

at::Tensor key_filterbank() {
  const auto corners = corner_bins();
  const auto filters = static_cast<std::int64_t>(corners.size()) - 2;
  auto bank = at::zeros({kBins, filters}, at::kFloat);
  auto* weights = bank.data_ptr<float>();
  for (std::int64_t i = 0; i < filters; ++i) {
    const std::int64_t start = corners[static_cast<size_t>(i)];
    const std::int64_t centre = corners[static_cast<size_t>(i + 1)];
    const std::int64_t end = corners[static_cast<size_t>(i + 2)];
    for (std::int64_t k = start; k < centre; ++k) {
      weights[k * filters + i] =
          static_cast<float>(static_cast<double>(k - start) / static_cast<double>(centre - start));
    }
    for (std::int64_t k = centre; k < end; ++k) {
      weights[k * filters + i] = static_cast<float>(1.0 - static_cast<double>(k - centre) /
                                                              static_cast<double>(end - centre));
    }
  }
  return bank;
}

at::Tensor key_features(const at::Tensor& mono) {
  auto audio = mono.unsqueeze(0);
  if (audio.size(1) < kSettings.n_fft) {
    audio = at::constant_pad_nd(audio, {0, kSettings.n_fft - audio.size(1)});
  }
  const SparseFilterbank bank(key_filterbank().t());
  auto features = at::empty({stft_frames(audio.size(1), kSettings), bank.bands()}, at::kFloat);
  stft_for_each_block(audio, kSettings, kBlock, [&](const at::Tensor& block, std::int64_t first) {
    const auto level = block[0].abs();
    for (std::int64_t t = 0; t < level.size(0); ++t) {
      bank.apply(level.data_ptr<float>() + t * kBins,
                 features.data_ptr<float>() + (first + t) * bank.bands());
    }
  });
  return features.add_(1.0).log10_();
}

std::string key_network_label(int index) {
  if (index < 0 || index >= 24) throw Error(ErrorKind::internal, "a key class is 0 to 23");
  return std::string(kLabels[static_cast<size_t>(index)]);
}

KeyNetwork KeyNetwork::bind(const Weights& weights) {
  KeyNetwork network;
  std::int64_t inputs = 1;
  for (size_t i = 0; i < kKernels.size(); ++i) {
    auto name = fmt::format("convs.{}", i);
    if (!weights.has(name + ".weight") && weights.has(fmt::format("conv{}.weight", i))) {
      name = fmt::format("conv{}", i);
    }
    const auto shape = weights.shape_of(name + ".weight");
    const std::int64_t outputs = i + 1 == kKernels.size() || shape.empty() ? 24 : shape[0];
    network.convs_.push_back(
        {weights(name + ".weight", {outputs, inputs, kKernels[i], kKernels[i]}),
         weights(name + ".bias", {outputs})});
    inputs = outputs;
  }
  return network;
}

at::Tensor KeyNetwork::logits(const at::Tensor& features) const {
  if (features.size(0) < kShortestFrames) {
    throw Error(ErrorKind::input, fmt::format("the key network needs at least {:.1f} s of audio",
                                              double{kKeyNetworkShortest} / kKeyNetworkRate));
  }
  auto x = features.unsqueeze(0).unsqueeze(0);
  for (size_t i = 0; i < convs_.size(); ++i) {
    const std::int64_t padding = kKernels[i] / 2;
    x = at::elu(at::conv2d(x, convs_[i].weight, convs_[i].bias, 1, padding));
    const bool last_of_pair = i % 2 == 1 && i < 6;
    if (last_of_pair) x = at::max_pool2d(x, 2);
  }
  return x.mean({2, 3})[0];
}

std::string KeyNetwork::detect(const at::Tensor& mono) const {
  if (mono.numel() == 0) return "C major";
  const auto scores = logits(key_features(mono));
  return key_network_label(static_cast<int>(scores.argmax().item<std::int64_t>()));
}

}  // namespace headroom
