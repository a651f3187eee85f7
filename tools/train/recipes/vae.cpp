#include "train/recipes/vae.h"

#include <cmath>
#include <functional>
#include <span>

#include "diffusion/noise.h"
#include "models/oobleck.h"
#include "studio/random_weights.h"
#include "train/learn/export.h"
#include "train/learn/losses.h"
#include "train/recipes/vae_envelope_start.h"
#include "train/recipes/vae_scale.h"
#include "train/recipes/vae_start.h"

namespace headroom::train {
namespace {

using nlohmann::json;

// Shares of the judgements in what a step changes.
constexpr double kSpectral = 0.5;
constexpr double kMel = 0.7;
constexpr double kOnsets = 0.7;
constexpr double kDistortion = 2.0;
// Length of the gradient at the audio for a weight of one; together with the divergence's weight it
// says how many nats of the latent a decibel is worth.
constexpr double kStrength = 0.1;
constexpr double kDivergence = 0.05;
// Of the latent; those before it begin as components of the waveform.
constexpr std::int64_t kFirstEnvelope = kComponents;

constexpr const char* kFile = "diffusion_pytorch_model.safetensors";
constexpr std::int64_t kFirstSongs = 12;  // whose components the training begins with
constexpr double kFirstDeviation = -5.0;  // softplus of it is 0.007

// One way of hearing how far `made` is from what was wanted.
struct Judgement {
  const char* name;
  double weight;
  bool sides;  // hears middle and side besides left and right
  std::function<at::Tensor(const at::Tensor& made, const at::Tensor& wanted)> loss;
};

// What each judgement would change about `heard`, at equal strength but for its weight: a logarithm
// of a quiet spectrum would otherwise drown the waveform (Défossez et al., "High fidelity neural
// audio compression", 2022, section 3.4). Tells the losses by name.
at::Tensor balanced_gradient(const at::Tensor& heard, const at::Tensor& wanted,
                             std::span<const Judgement> judgements,
                             std::map<std::string, double>& numbers) {
  const auto target = with_mid_side(wanted);
  auto sum = at::zeros_like(heard);
  for (const auto& [name, weight, sides, loss] : judgements) {
    const auto value = sides ? loss(with_mid_side(heard), target) : loss(heard, wanted);
    value.backward();
    const auto& gradient = heard.grad();
    sum += gradient * (kStrength * weight / (gradient.norm().item<double>() + 1e-12));
    heard.mutable_grad() = at::Tensor();
    numbers[name] = value.item<double>();
  }
  return sum;
}

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
      clips_(examples.clips),
      envelope_path_(envelope_path(config_, kFirstEnvelope)) {}

Parameters VaeRecipe::initial(std::uint64_t seed) const {
  studio::RandomWeights random(seed);
  const auto latent = config_.latent_channels;
  const auto shapes = shapes_of([&](const Weights& weights) {
    (void)models::bind_oobleck_encoder(weights, config_);
    (void)models::bind_oobleck_decoder(weights, config_);
  });
  Parameters parameters(
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
  const auto audio = audio_to_begin_with();
  begin_as_linear_code(parameters, config_, audio);
  begin_with_envelopes(parameters, config_, audio, kFirstEnvelope);
  return parameters;
}

at::Tensor VaeRecipe::audio_to_begin_with() const {
  std::vector<at::Tensor> songs;
  for (std::int64_t i = 0; i < kFirstSongs; ++i)
    songs.push_back(
        render_clip(kTrainingSongs + static_cast<std::uint64_t>(i), examples_.clips).mix);
  return at::cat(songs, 1);
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
  const auto audio = batch_of(place_of(step, seed), dice);
  const Weights weights(parameters);
  const auto encoder = models::bind_oobleck_encoder(weights, config_);
  const auto decoder = models::bind_oobleck_decoder(weights, config_);
  const auto posterior = models::posterior(models::encode_moments(encoder, audio));
  const auto noise = diffusion::NoiseGenerator(dice.next()).normal(posterior.mean.sizes());
  const auto made = models::decode(decoder, posterior.mean + posterior.deviation * noise);

  const auto heard = made.detach().requires_grad_();
  const auto rate = static_cast<int>(config_.sample_rate);
  const Judgement judgements[] = {
      {"spectral", kSpectral, true,
       [](const at::Tensor& a, const at::Tensor& b) {
         return spectral_loss(a, b, 2048, 512) + spectral_loss(a, b, 512, 128) +
                spectral_loss(a, b, 128, 64);
       }},
      {"mel", kMel, true,
       [&](const at::Tensor& a, const at::Tensor& b) { return mel_loss(a, b, rate, 1024, 80); }},
      {"onsets", kOnsets, true,
       [&](const at::Tensor& a, const at::Tensor& b) { return onset_loss(a, b, rate, 1024, 64); }},
      {"distortion", kDistortion, false, distortion_loss}};
  std::map<std::string, double> numbers;
  const auto direction = balanced_gradient(heard, audio, judgements, numbers);
  const auto spread = divergence(posterior);
  // Its gradient is the balanced one.
  ((made * direction).sum() + kDivergence * spread).backward();
  hold(parameters, envelope_path_);
  for (const auto& judgement : judgements)
    numbers["loss"] += judgement.weight * numbers[judgement.name];
  numbers["divergence"] = spread.item<double>();
  numbers["latent"] = posterior.mean.detach().std().item<double>();
  numbers["deviation"] = posterior.deviation.detach().mean().item<double>();
  numbers["si_sdr"] = si_sdr(made.detach().flatten(1), audio.flatten(1)).mean().item<double>();
  return numbers;
}

void VaeRecipe::write(Parameters& weights, const std::filesystem::path& folder) const {
  // A frozen encoder's latents have it already, and must not change by a rounding.
  write_part(folder / "vae", json_, kFile,
             examples_.freeze_encoder ? weights.all()
                                      : with_unit_latents(weights, config_, audio_to_begin_with()),
             at::kHalf);
}

std::map<std::string, at::Tensor> VaeRecipe::read(const std::filesystem::path& folder) const {
  return read_part(folder / "vae", kFile);
}

}  // namespace headroom::train
