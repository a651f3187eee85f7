#include "train/recipes/vae.h"

#include <cmath>

#include "diffusion/noise.h"
#include "models/oobleck.h"
#include "studio/random_weights.h"
#include "train/learn/export.h"
#include "train/learn/losses.h"

namespace headroom::train {
namespace {

using nlohmann::json;

// Weights of the losses' parts.
constexpr double kSpectral = 0.35;  // of each of three sizes
constexpr double kMel = 1.0;
constexpr double kDistortion = 1.0;
constexpr double kDivergence = 0.004;

constexpr double kFirstDeviation = -5.0;  // softplus of it is 0.007

// −½(1 + ln σ² − μ² − σ²) per number of the latent.
at::Tensor divergence(const models::Posterior& posterior) {
  const auto variance = posterior.deviation.square();
  return (posterior.mean.square() + variance - variance.log() - 1.0).mean() * 0.5;
}

}  // namespace

json sketch_vae_config() {
  return {{"_class_name", "AutoencoderOobleck"},
          {"audio_channels", 2},
          {"encoder_hidden_size", 8},
          {"decoder_channels", 16},
          {"decoder_input_channels", 64},
          {"channel_multiples", {4, 6, 12, 16}},
          {"downsampling_ratios", {8, 4, 6, 10}},
          {"sampling_rate", 48000}};
}

VaeRecipe::VaeRecipe(json config, const VaeExamples& examples)
    : json_(std::move(config)),
      config_(models::parse_oobleck_config(json_, "vae")),
      examples_(examples),
      clips_(examples.clips) {}

Parameters VaeRecipe::initial(std::uint64_t seed) const {
  studio::RandomWeights random(seed);
  const auto latent = config_.latent_channels;
  const auto shapes = shapes_of([&](const Weights& weights) {
    (void)models::bind_oobleck_encoder(weights, config_);
    (void)models::bind_oobleck_decoder(weights, config_);
  });
  return Parameters(
      shapes,
      [&](const std::string& name, at::IntArrayRef shape) {
        auto values = random.get(name, shape);
        if (name == "encoder.conv2.bias") {
          values = values.clone();
          values.narrow(0, latent, latent).fill_(kFirstDeviation);
        }
        return values;
      },
      [&](const std::string& name) {
        return examples_.freeze_encoder && name.starts_with("encoder.");
      });
}

at::Tensor VaeRecipe::batch_of(std::int64_t step, synth::Dice& dice) {
  const auto samples = examples_.frames * config_.hop();
  std::vector<at::Tensor> pieces;
  for (std::int64_t i = 0; i < examples_.batch; ++i) {
    const auto& clip = clips_.draw(step, dice);
    const auto begin = dice.below(static_cast<int>(clip.mix.size(1) - samples));
    auto piece = clip.mix.narrow(1, begin, samples) * std::exp2(dice.uniform(-2.0, 0.5));
    if (dice.chance(0.5)) piece = piece.flip(0);
    if (dice.chance(0.02)) piece = at::zeros_like(piece);
    pieces.push_back(piece);
  }
  return at::stack(pieces);
}

std::map<std::string, double> VaeRecipe::learn(Parameters& parameters, std::int64_t step,
                                               std::uint64_t seed) {
  auto dice = synth::Dice(seed).fork("vae " + std::to_string(step));
  const auto audio = batch_of(step, dice);
  const Weights weights(parameters);
  const auto encoder = models::bind_oobleck_encoder(weights, config_);
  const auto decoder = models::bind_oobleck_decoder(weights, config_);
  const auto posterior = models::posterior(models::encode_moments(encoder, audio));
  const auto noise = diffusion::NoiseGenerator(dice.next()).normal(posterior.mean.sizes());
  const auto made = models::decode(decoder, posterior.mean + posterior.deviation * noise);

  const auto a = with_mid_side(made);
  const auto b = with_mid_side(audio);
  const auto spectral =
      spectral_loss(a, b, 2048, 512) + spectral_loss(a, b, 512, 128) + spectral_loss(a, b, 128, 64);
  const auto mel = mel_loss(a, b, static_cast<int>(config_.sample_rate), 1024, 80);
  const auto distortion = distortion_loss(a, b);
  const auto rate = divergence(posterior);
  const auto loss =
      kSpectral * spectral + kMel * mel + kDistortion * distortion + kDivergence * rate;
  loss.backward();
  return {{"loss", loss.item<double>()},
          {"spectral", spectral.item<double>()},
          {"mel", mel.item<double>()},
          {"distortion", distortion.item<double>()},
          {"divergence", rate.item<double>()},
          {"latent", posterior.mean.detach().std().item<double>()},
          {"si_sdr", si_sdr(made.detach().flatten(1), audio.flatten(1)).mean().item<double>()}};
}

void VaeRecipe::write(Parameters& weights, const std::filesystem::path& folder) const {
  write_part(folder / "vae", json_, "diffusion_pytorch_model.safetensors", weights.all(),
             at::kHalf);
}

}  // namespace headroom::train
