#include "train/recipes/vae_scale.h"

#include "models/oobleck.h"

namespace headroom::train {
namespace {

constexpr double kSilent = 1e-3;  // deviation of a channel that says nothing

// [C], of the means over time.
at::Tensor deviations(Parameters& weights, const models::OobleckConfig& config,
                      const at::Tensor& audio) {
  const auto encoder = models::bind_oobleck_encoder(Weights(weights), config);
  const auto whole = audio.narrow(1, 0, audio.size(1) / config.hop() * config.hop());
  const auto mean = models::posterior(models::encode_moments(encoder, whole.unsqueeze(0))).mean[0];
  const auto spread = mean.std(1);
  return at::where(spread > kSilent, spread, at::ones_like(spread));
}

}  // namespace

std::map<std::string, at::Tensor> with_unit_latents(Parameters& weights,
                                                    const models::OobleckConfig& config,
                                                    const at::Tensor& audio) {
  const at::NoGradGuard no_grad;
  const auto spread = deviations(weights, config, audio);
  const auto channels = config.latent_channels;
  std::map<std::string, at::Tensor> scaled;
  for (const auto& [name, tensor] : weights.all()) scaled[name] = tensor.detach().clone();

  // Rows of the means come first, then those of the deviations, which are softplus(z) ~ exp(z).
  scaled.at("encoder.conv2.weight_g").narrow(0, 0, channels).div_(spread.view({-1, 1, 1}));
  const auto bias = scaled.at("encoder.conv2.bias");
  bias.narrow(0, 0, channels).div_(spread);
  bias.narrow(0, channels, channels).sub_(spread.log());

  auto& v = scaled.at("decoder.conv1.weight_v");
  auto& g = scaled.at("decoder.conv1.weight_g");
  const auto norm = [](const at::Tensor& x) { return x.square().sum({1, 2}, true).sqrt(); };
  v = v * (g / norm(v)) * spread.view({1, -1, 1});
  g = norm(v);
  return scaled;
}

}  // namespace headroom::train
