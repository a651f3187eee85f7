#include "train/recipes/separator.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "studio/random_weights.h"
#include "train/learn/export.h"
#include "train/learn/losses.h"

namespace headroom::train {
namespace {

using nlohmann::json;

constexpr const char* kFile = "MelBandRoformer_fp16.safetensors";
constexpr double kInstruments = 0.5;  // weight of what is left, against the voice's
constexpr double kSpectral = 0.3;
constexpr double kOwnSinger = 0.8;    // of the songs: sung by whom the arrangement has
constexpr double kGuestShare = 0.35;  // of the examples, where there are guests
constexpr double kGuestLevel = 0.15;  // mean of both parts of these

bool is_fixed(const std::string& name) { return name.ends_with("rotary_embed.freqs"); }

}  // namespace

json sketch_separator_config() {
  return {{"dim", 64},
          {"depth", 4},
          {"heads", 4},
          {"dim_head", 16},
          {"ff_width", 192},
          {"mask_estimator_depth", 1},
          {"mask_width", 96},
          {"num_bands", 48},
          {"num_stems", 1},
          {"stereo", true},
          {"sample_rate", 44100},
          {"stft_n_fft", 2048},
          {"stft_hop_length", 882},
          {"stft_win_length", 2048},
          {"stft_normalized", false},
          {"chunk_size", 264600}};
}

models::RoformerConfig roformer_config_of(const json& json) {
  models::RoformerConfig config;
  config.dim = json.at("dim");
  config.depth = json.at("depth");
  config.heads = json.at("heads");
  config.head_dim = json.at("dim_head");
  config.ff_width = json.at("ff_width");
  config.mask_depth = json.at("mask_estimator_depth");
  config.mask_width = json.at("mask_width");
  config.bands = json.at("num_bands");
  config.stems = json.at("num_stems");
  config.sample_rate = json.at("sample_rate");
  config.n_fft = json.at("stft_n_fft");
  config.hop = json.at("stft_hop_length");
  config.chunk = json.at("chunk_size");
  return config;
}

SeparatorRecipe::SeparatorRecipe(json config, SeparatorExamples examples)
    : json_(std::move(config)),
      config_(roformer_config_of(json_)),
      examples_(std::move(examples)),
      clips_({.width = 48,
              .steps_per_song = 4,
              .seconds = 8.0,
              .rate = config_.sample_rate,
              .sung = 0.9}) {
  if (!examples_.guests.empty()) guests_.emplace(examples_.guests);
}

Parameters SeparatorRecipe::initial(std::uint64_t seed) const {
  studio::RandomWeights random(seed);
  const auto shapes =
      shapes_of([&](const Weights& weights) { (void)models::bind_roformer(weights, config_); });
  return Parameters(
      shapes,
      [&](const std::string& name, at::IntArrayRef shape) { return random.get(name, shape); },
      is_fixed);
}

// A voice, and what plays with it: most examples are a song as it is, the others the voice of one
// over the instruments of another.
Parts SeparatorRecipe::song_parts(std::int64_t step, synth::Dice& dice) {
  const auto samples = examples_.frames * config_.hop;
  const auto piece = [&](const at::Tensor& audio) {
    return audio.narrow(1, dice.below(static_cast<int>(audio.size(1) - samples)), samples);
  };
  const auto& song = clips_.draw(step, dice);
  if (dice.chance(kOwnSinger)) {
    const auto begin = dice.below(static_cast<int>(song.mix.size(1) - samples));
    const auto vocals = song.vocals.narrow(1, begin, samples);
    return {vocals, song.mix.narrow(1, begin, samples) - vocals};
  }
  const auto vocals = piece(song.vocals);
  const auto& other = clips_.draw(step, dice);
  return {vocals, piece(other.mix - other.vocals)};
}

// A guest's voice, a guest band, or both; the other part is a song's. As loud as each other, if
// they are heard at all.
Parts SeparatorRecipe::guest_parts(std::int64_t step, synth::Dice& dice) {
  const auto levelled = [](const at::Tensor& audio) {
    return audio * (kGuestLevel / std::max(level_of(audio), 0.1 * kGuestLevel));
  };
  const auto [voice, band] = guests_->draw(dice, examples_.frames * config_.hop);
  const int kind = dice.below(4);
  if (kind < 2) return {levelled(voice), levelled(band)};
  const auto own = song_parts(step, dice);
  if (kind == 2) return {levelled(voice), levelled(own.rest)};
  return {levelled(own.vocals), levelled(band)};
}

Clip SeparatorRecipe::example(std::int64_t step, synth::Dice& dice) {
  const bool guest = guests_ && dice.chance(kGuestShare);
  auto [vocals, rest] = guest ? guest_parts(step, dice) : song_parts(step, dice);
  const double loud = std::exp2(dice.uniform(-1.5, 0.5));
  vocals = vocals * (loud * std::exp2(dice.uniform(-1.0, 1.0)));
  rest = rest * loud;
  if (dice.chance(0.3)) vocals = vocals.flip(0);
  return {vocals + rest, vocals};
}

std::map<std::string, double> SeparatorRecipe::learn(Parameters& parameters, std::int64_t step,
                                                     std::uint64_t seed) {
  auto dice = synth::Dice(seed).fork("separator " + std::to_string(step));
  std::map<std::string, double> numbers;
  const auto share = 1.0 / static_cast<double>(examples_.batch);
  for (std::int64_t i = 0; i < examples_.batch; ++i) {
    const auto [mix, vocals] = example(place_of(step, seed), dice);
    const auto roformer = models::bind_roformer(Weights(parameters), config_);
    const auto made = models::separate_chunk(roformer, mix)[0];
    const auto wanted = vocals.narrow(1, 0, made.size(1));
    const auto rest = (mix - vocals).narrow(1, 0, made.size(1));
    const auto left = mix.narrow(1, 0, made.size(1)) - made;
    const auto voice = distortion_loss(made, wanted);
    const auto others = distortion_loss(left, rest);
    const auto spectral =
        spectral_loss(made, wanted, 2048, 1024) + spectral_loss(made, wanted, 512, 256);
    const auto loss = voice + kInstruments * others + kSpectral * spectral;
    loss.backward(/*gradient=*/at::full({}, share));
    const auto gain =
        si_sdr(made.detach(), wanted) - si_sdr(mix.narrow(1, 0, made.size(1)), wanted);
    numbers["loss"] += share * loss.item<double>();
    numbers["voice"] += share * voice.item<double>();
    numbers["others"] += share * others.item<double>();
    numbers["spectral"] += share * spectral.item<double>();
    numbers["gain_db"] += share * gain.clamp(-50.0, 50.0).mean().item<double>();
  }
  return numbers;
}

void SeparatorRecipe::write(Parameters& weights, const std::filesystem::path& folder) const {
  write_part(folder / "MelBandRoFormer", json_, kFile, weights.all(), at::kHalf);
}

std::map<std::string, at::Tensor> SeparatorRecipe::read(const std::filesystem::path& folder) const {
  return read_part(folder / "MelBandRoFormer", kFile);
}

}  // namespace headroom::train
