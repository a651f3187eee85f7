#include "train/recipes/vae_envelope_start.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "train/recipes/envelopes.h"
#include "train/recipes/oobleck_start.h"

namespace headroom::train {
namespace {

// Middles of the bands that filters of two of the first stride's lengths can tell apart, in Hz.
constexpr std::array<double, 4> kMiddles{2500.0, 5500.0, 10000.0, 16000.0};
constexpr std::array<double, 3> kAwake{4.0, 40.0, 400.0};  // frequencies of the snakes
constexpr auto kDetectors = static_cast<std::int64_t>(kMiddles.size() * kAwake.size());
constexpr std::int64_t kPhases = 2;  // cosine, sine
constexpr std::int64_t kSides = 2;   // carried by the first channels of the first strides
constexpr double kRidge = 1e-3;      // of the readout's fit
constexpr std::int64_t kBass = 3;    // powers of time that a band pass does not hear

// Takes what a polynomial of time can explain out of each row: bass is far louder than all above.
at::Tensor without_bass(const at::Tensor& filters) {
  const auto taps = filters.size(1);
  const auto time = at::linspace(-1.0, 1.0, taps, at::kDouble);
  std::vector<at::Tensor> powers;
  for (std::int64_t k = 0; k < kBass; ++k) powers.push_back(time.pow(static_cast<double>(k)));
  const auto basis = std::get<0>(at::linalg_qr(at::stack(powers, 1)));
  return filters - at::matmul(at::matmul(filters, basis), basis.t());
}

// [detectors · phases, 1, taps], in the order detector, phase: band passes of unit gain at their
// middles.
at::Tensor band_passes(int rate, std::int64_t taps) {
  const auto time = at::arange(taps, at::kDouble) - 0.5 * static_cast<double>(taps - 1);
  const auto window = (time * (std::numbers::pi / static_cast<double>(taps))).cos().square();
  std::vector<at::Tensor> rows;
  for (const double hertz : kMiddles) {
    const auto angle = time * (2.0 * std::numbers::pi * hertz / rate);
    const auto pair = without_bass(at::stack({angle.cos() * window, angle.sin() * window}));
    const auto response = at::complex((pair * angle.cos()).sum(1), (pair * angle.sin()).sum(1));
    const auto unit = pair / response.abs().unsqueeze(1);
    for (size_t level = 0; level < kAwake.size(); ++level) rows.push_back(unit);
  }
  return at::cat(rows).to(at::kFloat).unsqueeze(1);
}

at::Tensor snake_frequencies() {
  return at::tensor(at::ArrayRef<double>(kAwake), at::kFloat)
      .repeat_interleave(kPhases)
      .repeat({static_cast<std::int64_t>(kMiddles.size())});
}

// A mean over the time of two strides, of each group of `inputs` channels: [groups, groups ·
// inputs, 2 · stride].
at::Tensor means(std::int64_t groups, std::int64_t inputs, std::int64_t stride) {
  const auto mixes = at::eye(groups).repeat_interleave(inputs, 1);
  return mixes.unsqueeze(2) * triangle(stride) / static_cast<double>(stride * inputs);
}

struct Readout {
  at::Tensor weight;  // [kEnvelopeChannels, kDetectors, taps]
  at::Tensor bias;    // [kEnvelopeChannels]
};

// Least squares of the envelopes on what the detectors say in the taps around each frame.
Readout fit_readout(const at::Tensor& detected, const at::Tensor& wanted, std::int64_t stride) {
  const auto padding = (stride + 1) / 2;
  const auto frames = at::constant_pad_nd(detected, {padding, padding})
                          .unfold(1, 2 * stride, stride)  // [detectors, T, taps]
                          .transpose(0, 1)
                          .flatten(1);
  const auto count = std::min(frames.size(0), wanted.size(1));
  const auto x = at::cat({frames.narrow(0, 0, count), at::ones({count, 1})}, 1).to(at::kDouble);
  const auto y = wanted.narrow(1, 0, count).t().to(at::kDouble);
  const auto ridge = at::eye(x.size(1), at::kDouble) * (kRidge * static_cast<double>(count));
  const auto solution =
      at::linalg_solve(at::matmul(x.t(), x) + ridge, at::matmul(x.t(), y)).to(at::kFloat);
  const auto taps = solution.size(0) - 1;
  return {solution.narrow(0, 0, taps).t().reshape({-1, detected.size(0), 2 * stride}),
          solution[taps]};
}

bool is_wide_enough(const models::OobleckConfig& config, std::int64_t first) {
  if (config.ratios.size() != 4 || config.audio_channels != kSides ||
      config.encoder_hidden <= kSides)
    return false;
  const auto width = [&](size_t i) { return config.encoder_hidden * config.multiples[i]; };
  return width(0) >= kSides + kDetectors * kPhases && width(1) >= kSides + kDetectors &&
         width(2) >= kSides * config.ratios[2] + kDetectors &&
         width(3) >= first + kEnvelopeChannels &&
         config.latent_channels >= first + kEnvelopeChannels;
}

}  // namespace

std::vector<Slice> envelope_path(const models::OobleckConfig& config, std::int64_t first) {
  if (!is_wide_enough(config, first)) return {};
  std::vector<Slice> path;
  const auto layer = [&](const std::string& name, std::int64_t begin, std::int64_t count) {
    for (const char* part : {".weight_g", ".weight_v", ".bias"})
      path.push_back({name + part, 0, begin, count});
  };
  const auto snake = [&](const std::string& name, std::int64_t begin, std::int64_t count) {
    for (const char* part : {".alpha", ".beta"}) path.push_back({name + part, 1, begin, count});
  };
  const auto unfolded = kSides * config.ratios[2];
  layer("encoder.conv1", kSides, 1);
  const std::array<Slice, 4> inside{{{encoder_block(0), 0, kSides, 1},
                                     {encoder_block(1), 0, kSides, kDetectors * kPhases},
                                     {encoder_block(2), 0, kSides, kDetectors},
                                     {encoder_block(3), 0, unfolded, kDetectors}}};
  for (size_t i = 0; i < inside.size(); ++i) {
    const auto& [name, axis, begin, count] = inside[i];
    for (const char* unit : {".res_unit1", ".res_unit2", ".res_unit3"})
      layer(name + unit + ".conv2", begin, count);
    snake(name + ".snake1", begin, count);
    // The next block begins with what this one averages.
    if (i + 1 < inside.size()) layer(name + ".conv1", inside[i + 1].first, inside[i + 1].count);
  }
  layer(encoder_block(3) + ".conv1", first, kEnvelopeChannels);
  snake("encoder.snake1", first, kEnvelopeChannels);
  layer("encoder.conv2", first, kEnvelopeChannels);
  return path;
}

bool begin_with_envelopes(Parameters& parameters, const models::OobleckConfig& config,
                          const at::Tensor& audio, std::int64_t first) {
  const at::NoGradGuard no_grad;
  if (!is_wide_enough(config, first)) return false;
  const auto rate = static_cast<int>(config.sample_rate);
  const auto filters = band_passes(rate, 2 * config.ratios[0]);
  const auto frequencies = snake_frequencies();
  const auto early = means(kDetectors, kPhases, config.ratios[1]);
  const auto late = means(kDetectors, 1, config.ratios[2]);

  auto heard = at::conv1d(audio.mean(0).view({1, 1, -1}), filters, {}, config.ratios[0],
                          (config.ratios[0] + 1) / 2);
  heard = heard + (heard * frequencies.unsqueeze(1)).sin().square();
  heard = at::conv1d(heard, early, {}, config.ratios[1], (config.ratios[1] + 1) / 2);
  heard = at::conv1d(heard, late, {}, config.ratios[2], (config.ratios[2] + 1) / 2);
  const auto whole = audio.size(1) / config.hop() * config.hop();
  const auto wanted = envelopes_of(audio.narrow(1, 0, whole).unsqueeze(0), rate, config.hop())[0];
  const auto [weight, bias] = fit_readout(heard[0], wanted, config.ratios[3]);

  for (const auto& [name, axis, begin, count] : envelope_path(config, first)) {
    if (name.ends_with("_v")) continue;  // directions, which have to have a length
    auto values = parameters.all().at(name).detach().clone();
    values.narrow(axis, begin, count).zero_();
    parameters.set(name, values);
  }
  const auto unfolded = kSides * config.ratios[2];
  const auto put = [&](const std::string& layer, const at::Tensor& core, std::int64_t to,
                       std::int64_t from) {
    carry(parameters, layer, core, Carried::convolution, to, from);
  };
  put("encoder.conv1", at::full({1, kSides, 1}, 0.5), kSides, 0);
  straighten(parameters, encoder_block(0) + ".snake1", 1, kSides);
  put(encoder_block(0) + ".conv1", filters, kSides, kSides);
  bend(parameters, encoder_block(1) + ".snake1", frequencies, kSides);
  put(encoder_block(1) + ".conv1", early, kSides, kSides);
  straighten(parameters, encoder_block(2) + ".snake1", kDetectors, kSides);
  put(encoder_block(2) + ".conv1", late, unfolded, kSides);
  straighten(parameters, encoder_block(3) + ".snake1", kDetectors, unfolded);
  put(encoder_block(3) + ".conv1", weight, first, unfolded);
  set_bias(parameters, encoder_block(3) + ".conv1", bias, first);
  straighten(parameters, "encoder.snake1", kEnvelopeChannels, first);
  put("encoder.conv2", at::eye(kEnvelopeChannels).unsqueeze(2), first, first);
  return true;
}

}  // namespace headroom::train
