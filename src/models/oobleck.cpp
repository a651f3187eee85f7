#include "models/oobleck.h"

#include "tensor/ops.h"

namespace headroom::models {
namespace {

// Fused in fp32, then cast. The norm runs over all axes but the first, which is the output channel
// of a convolution and the input channel of a transposed one.
Conv bind_conv(const Weights& weights, at::IntArrayRef shape, std::int64_t bias) {
  const bool renamed = weights.has("parametrizations.weight.original0");
  const auto fp32 = [&](const char* name, at::IntArrayRef of) {
    return weights.stored(name, of).to(at::kFloat);
  };
  const auto g = fp32(renamed ? "parametrizations.weight.original0" : "weight_g", {shape[0], 1, 1});
  const auto v = fp32(renamed ? "parametrizations.weight.original1" : "weight_v", shape);
  const auto norm = v.square().sum({1, 2}, /*keepdim=*/true).sqrt_();
  return {weights.place(v * (g / norm)), bias > 0 ? weights("bias", {bias}) : at::Tensor()};
}

Snake bind_snake(const Weights& weights, std::int64_t channels) {
  const auto exponential = [&](const char* name) {
    return weights.stored(name, {1, channels, 1}).to(at::kFloat).exp().view({channels, 1});
  };
  return {weights.place(at::kFloat, exponential("alpha")),
          weights.place(at::kFloat, (exponential("beta") + 1e-9).reciprocal())};
}

std::vector<ResidualUnit> bind_units(const Weights& weights, std::int64_t channels) {
  std::vector<ResidualUnit> units;
  std::int64_t dilation = 1;
  for (const char* name : {"res_unit1", "res_unit2", "res_unit3"}) {
    const auto unit = weights / name;
    units.push_back({.snake1 = bind_snake(unit / "snake1", channels),
                     .snake2 = bind_snake(unit / "snake2", channels),
                     .conv1 = bind_conv(unit / "conv1", {channels, channels, 7}, channels),
                     .conv2 = bind_conv(unit / "conv2", {channels, channels, 1}, channels),
                     .dilation = dilation});
    dilation *= 3;
  }
  return units;
}

at::Tensor run_unit(const ResidualUnit& unit, const at::Tensor& x) {
  const auto y = at::conv1d(unit.snake1(x), unit.conv1.weight, unit.conv1.bias, 1,
                            3 * unit.dilation, unit.dilation);
  return at::conv1d(unit.snake2(y), unit.conv2.weight, unit.conv2.bias).add_(x);
}

std::int64_t stride_padding(std::int64_t stride) { return (stride + 1) / 2; }

at::Tensor run_encoder_block(const OobleckBlock& block, at::Tensor x) {
  for (const auto& unit : block.units) x = run_unit(unit, x);
  return at::conv1d(block.snake(x), block.resample.weight, block.resample.bias, block.stride,
                    stride_padding(block.stride));
}

// A transposed convolution whose kernel is twice its stride: sample t·stride + s is tap s of frame
// t plus tap stride + s of frame t − 1. libtorch 1.13's oneDNN path confuses the channels in bf16;
// there it is this matrix product.
at::Tensor upsample_by_taps(const OobleckBlock& block, const at::Tensor& x) {
  const auto& [weight, bias] = block.resample;
  const auto stride = block.stride;
  const auto taps = at::matmul(weight.view({weight.size(0), -1}).t(), x)
                        .view({x.size(0), weight.size(1), 2, stride, x.size(2)});
  auto sum = at::constant_pad_nd(taps.select(2, 0), {0, 1});
  sum.narrow(3, 1, x.size(2)).add_(taps.select(2, 1));
  const auto padding = stride_padding(stride);
  const auto whole = sum.transpose(2, 3).reshape({x.size(0), weight.size(1), -1});
  return whole.narrow(2, padding, whole.size(2) - 2 * padding) + bias.unsqueeze(1);
}

at::Tensor upsample(const OobleckBlock& block, const at::Tensor& x) {
  if (x.is_cpu() && x.scalar_type() == at::kBFloat16) return upsample_by_taps(block, x);
  return at::conv_transpose1d(x, block.resample.weight, block.resample.bias, block.stride,
                              stride_padding(block.stride));
}

at::Tensor run_decoder_block(const OobleckBlock& block, at::Tensor x) {
  x = upsample(block, block.snake(x));
  for (const auto& unit : block.units) x = run_unit(unit, x);
  return x;
}

}  // namespace

at::Tensor Snake::operator()(const at::Tensor& x) const { return snake(x, frequency, amplitude); }

OobleckEncoder bind_oobleck_encoder(const Weights& weights, const OobleckConfig& config) {
  const auto root = weights / "encoder";
  const auto base = config.encoder_hidden;
  const auto latent = 2 * config.latent_channels;
  OobleckEncoder encoder;
  encoder.config = config;
  encoder.conv1 = bind_conv(root / "conv1", {base, config.audio_channels, 7}, base);
  auto width = base;
  for (size_t i = 0; i < config.ratios.size(); ++i) {
    const auto block = root / "block" / static_cast<std::int64_t>(i);
    const auto next = base * config.multiples[i];
    const auto stride = config.ratios[i];
    encoder.blocks.push_back(
        {.units = bind_units(block, width),
         .snake = bind_snake(block / "snake1", width),
         .resample = bind_conv(block / "conv1", {next, width, 2 * stride}, next),
         .stride = stride});
    width = next;
  }
  encoder.snake = bind_snake(root / "snake1", width);
  encoder.conv2 = bind_conv(root / "conv2", {latent, width, 3}, latent);
  return encoder;
}

OobleckDecoder bind_oobleck_decoder(const Weights& weights, const OobleckConfig& config) {
  const auto root = weights / "decoder";
  const auto base = config.decoder_channels;
  auto width = base * config.multiples.back();
  OobleckDecoder decoder;
  decoder.config = config;
  decoder.conv1 = bind_conv(root / "conv1", {width, config.latent_channels, 7}, width);
  const auto count = config.ratios.size();
  for (size_t i = 0; i < count; ++i) {
    const auto block = root / "block" / static_cast<std::int64_t>(i);
    const auto next = i + 1 < count ? base * config.multiples[count - 2 - i] : base;
    const auto stride = config.ratios[count - 1 - i];
    decoder.blocks.push_back(
        {.units = bind_units(block, next),
         .snake = bind_snake(block / "snake1", width),
         .resample = bind_conv(block / "conv_t1", {width, next, 2 * stride}, next),
         .stride = stride});
    width = next;
  }
  decoder.snake = bind_snake(root / "snake1", width);
  decoder.conv2 = bind_conv(root / "conv2", {config.audio_channels, width, 7}, 0);
  return decoder;
}

at::Tensor encode_moments(const OobleckEncoder& encoder, const at::Tensor& audio) {
  auto x = at::conv1d(audio.to(encoder.conv1.weight.scalar_type()), encoder.conv1.weight,
                      encoder.conv1.bias, 1, 3);
  for (const auto& block : encoder.blocks) x = run_encoder_block(block, std::move(x));
  return at::conv1d(encoder.snake(x), encoder.conv2.weight, encoder.conv2.bias, 1, 1);
}

Posterior posterior(const at::Tensor& moments) {
  const auto parts = moments.to(at::kFloat).chunk(2, 1);
  return {parts[0], at::softplus(parts[1]) + 1e-4};
}

at::Tensor decode(const OobleckDecoder& decoder, const at::Tensor& latents) {
  auto x = at::conv1d(latents.to(decoder.conv1.weight.scalar_type()), decoder.conv1.weight,
                      decoder.conv1.bias, 1, 3);
  for (const auto& block : decoder.blocks) x = run_decoder_block(block, std::move(x));
  return at::conv1d(decoder.snake(x), decoder.conv2.weight, decoder.conv2.bias, 1, 3);
}

}  // namespace headroom::models
