#include "train/recipes/vae_start.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "train/recipes/oobleck_start.h"

namespace headroom::train {
namespace {

constexpr double kQuietBranch = 0.02;  // gain of residual branches against what was drawn
constexpr std::int64_t kSides = 2;     // left, right

at::Tensor identity(std::int64_t channels, double gain = 1.0) {
  return (at::eye(channels) * gain).unsqueeze(2);
}

// For each side alone.
at::Tensor triangles(std::int64_t stride, double gain) {
  return identity(kSides) * (triangle(stride) * gain);
}

// [2, n] thinned out as the encoder's first layers do.
at::Tensor thinned(at::Tensor audio, const models::OobleckConfig& config, size_t layers) {
  for (size_t i = 0; i < layers; ++i) {
    const auto stride = config.ratios[i];
    audio = at::conv1d(audio.unsqueeze(0), triangles(stride, 1.0 / static_cast<double>(stride)), {},
                       stride, stride / 2)[0];
  }
  return audio;
}

struct Components {
  at::Tensor basis;  // [sides · inner · outer, K], of a block in the order side, outer, inner
  at::Tensor sizes;  // [K] standard deviations
};

Components components_of(const at::Tensor& thin, std::int64_t block, std::int64_t count) {
  const auto blocks = thin.size(1) / block;
  const auto pieces = thin.narrow(1, 0, blocks * block)
                          .reshape({kSides, blocks, block})
                          .transpose(0, 1)
                          .reshape({blocks, kSides * block})
                          .to(at::kDouble);
  const auto [values, vectors] =
      at::linalg_eigh(at::matmul(pieces.t(), pieces) / static_cast<double>(blocks));
  const auto from = values.size(0) - count;
  return {vectors.narrow(1, from, count).flip(1).to(at::kFloat),
          values.narrow(0, from, count).flip(0).clamp_min(1e-12).sqrt().to(at::kFloat)};
}

// Sides unfolded into `inner` channels each: [sides · inner, sides, inner].
at::Tensor unfolding(std::int64_t inner) {
  return at::eye(kSides * inner).view({kSides * inner, kSides, inner});
}

}  // namespace

bool begin_as_linear_code(Parameters& parameters, const models::OobleckConfig& config,
                          const at::Tensor& audio) {
  const at::NoGradGuard no_grad;
  const auto layers = config.ratios.size();
  if (layers < 2 || config.audio_channels != kSides) return false;
  const auto inner = config.ratios[layers - 2];
  const auto outer = config.ratios[layers - 1];
  const auto folded = kSides * inner;
  const auto count = std::min({kComponents, config.latent_channels, folded * outer / 2});
  const auto narrowest = std::min(config.encoder_hidden * config.multiples[layers - 2],
                                  config.decoder_channels * config.multiples[layers - 2]);
  if (narrowest < folded || config.encoder_hidden * config.multiples[layers - 1] < count)
    return false;

  const auto [basis, sizes] =
      components_of(thinned(audio, config, layers - 2), inner * outer, count);
  // [K, side, outer, inner] → [K, side · inner, outer]
  const auto taps = basis.t()
                        .reshape({count, kSides, outer, inner})
                        .transpose(2, 3)
                        .reshape({count, folded, outer});
  const auto scale = sizes.sqrt().reciprocal();  // between raw and white

  for (const auto& [name, tensor] : parameters.all()) {
    if (name.find("res_unit") != std::string::npos &&
        (name.ends_with("conv2.weight_g") || name.ends_with("conv2.bias")))
      parameters.set(name, tensor.detach() * kQuietBranch);
  }

  carry(parameters, "encoder.conv1", identity(kSides), Carried::convolution);
  for (size_t i = 0; i + 2 < layers; ++i) {
    const auto stride = config.ratios[i];
    straighten(parameters, encoder_block(i) + ".snake1", kSides);
    carry(parameters, encoder_block(i) + ".conv1",
          triangles(stride, 1.0 / static_cast<double>(stride)), Carried::convolution);
    straighten(parameters, decoder_block(layers - 1 - i) + ".snake1", kSides);
    carry(parameters, decoder_block(layers - 1 - i) + ".conv_t1", triangles(stride, 1.0),
          Carried::transposed);
  }
  straighten(parameters, encoder_block(layers - 2) + ".snake1", kSides);
  carry(parameters, encoder_block(layers - 2) + ".conv1", unfolding(inner), Carried::convolution);
  straighten(parameters, encoder_block(layers - 1) + ".snake1", folded);
  carry(parameters, encoder_block(layers - 1) + ".conv1", taps, Carried::convolution);
  straighten(parameters, "encoder.snake1", count);
  carry(parameters, "encoder.conv2", at::diag(scale).unsqueeze(2), Carried::convolution);

  carry(parameters, "decoder.conv1", at::diag(scale.reciprocal()).unsqueeze(2),
        Carried::convolution);
  straighten(parameters, decoder_block(0) + ".snake1", count);
  carry(parameters, decoder_block(0) + ".conv_t1", taps, Carried::transposed);
  straighten(parameters, decoder_block(1) + ".snake1", folded);
  carry(parameters, decoder_block(1) + ".conv_t1", unfolding(inner), Carried::transposed);
  straighten(parameters, "decoder.snake1", kSides);
  carry(parameters, "decoder.conv2", identity(kSides), Carried::convolution);
  return true;
}

}  // namespace headroom::train
