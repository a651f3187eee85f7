#include "train/recipes/dit.h"

#include <cmath>

#include "diffusion/noise.h"
#include "models/condition_encoder.h"
#include "models/dit.h"
#include "models/semantic_tokenizer.h"
#include "models/text_encoder.h"
#include "studio/random_weights.h"
#include "tensor/torch_archive.h"
#include "train/learn/export.h"
#include "train/recipes/captions.h"
#include "train/recipes/dit_start.h"
#include "train/text/vocabulary.h"

namespace headroom::train {
namespace {

using nlohmann::json;

// The published name of a model whose schedule is not bent: strength then is the share of noise.
constexpr const char* kFolder = "acestep-v15-turbo-shift1";
constexpr const char* kTextScope = "text_encoder";
constexpr double kLouderBias = 50.0;  // of a bias as drawn: as large as what it is added to
constexpr double kSameTarget = 0.35;  // how often the target is the source
constexpr double kNoHints = 0.1;      // how often hints are of silence
constexpr double kNoCondition = 0.1;  // how often the condition is the null one
constexpr double kPower = 1.5;        // mean square of the latents of music
constexpr std::int64_t kSilenceFrames = 1500;

json layer_types(int layers) {
  json types = json::array();
  for (int i = 0; i < layers; ++i) types.push_back("sliding_attention");
  return types;
}

}  // namespace

json sketch_dit_config() {
  constexpr int layers = 6;
  return {{"model_type", "acestep"},
          {"architectures", {"AceStepConditionGenerationModel"}},
          {"hidden_size", 256},
          {"intermediate_size", 768},
          {"num_hidden_layers", layers},
          {"num_attention_heads", 4},
          {"num_key_value_heads", 2},
          {"head_dim", 64},
          {"encoder_hidden_size", 192},
          {"encoder_intermediate_size", 512},
          {"encoder_num_attention_heads", 3},
          {"encoder_num_key_value_heads", 1},
          {"hidden_act", "silu"},
          {"rms_norm_eps", 1e-6},
          {"rope_theta", 10000},
          {"attention_bias", false},
          {"use_sliding_window", true},
          {"sliding_window", 64},
          {"layer_types", layer_types(layers)},
          {"in_channels", 192},
          {"audio_acoustic_hidden_dim", 64},
          {"patch_size", 2},
          {"pool_window_size", 5},
          {"text_hidden_dim", 192},
          {"timbre_hidden_dim", 64},
          {"timbre_fix_frame", 750},
          {"num_lyric_encoder_hidden_layers", 1},
          {"num_timbre_encoder_hidden_layers", 2},
          {"num_attention_pooler_hidden_layers", 1},
          {"fsq_dim", 192},
          {"fsq_input_levels", {8, 8, 8, 5, 5, 5}},
          {"fsq_input_num_quantizers", 1},
          {"is_turbo", true},
          {"model_version", "turbo"},
          {"dtype", "bfloat16"}};
}

json sketch_text_config(std::int64_t vocabulary) {
  return {{"model_type", "qwen3"},       {"vocab_size", vocabulary},
          {"hidden_size", 192},          {"intermediate_size", 512},
          {"num_hidden_layers", 3},      {"num_attention_heads", 3},
          {"num_key_value_heads", 1},    {"head_dim", 64},
          {"hidden_act", "silu"},        {"rms_norm_eps", 1e-6},
          {"rope_theta", 10000},         {"attention_bias", false},
          {"use_sliding_window", false}, {"tie_word_embeddings", true}};
}

at::Tensor silence_latent(const models::OobleckEncoder& encoder) {
  const at::NoGradGuard no_grad;
  constexpr std::int64_t frames = 32;
  const auto audio = at::zeros({1, encoder.config.audio_channels, frames * encoder.config.hop()});
  return models::posterior(models::encode_moments(encoder, audio)).mean[0].select(1, frames / 2);
}

at::Tensor quantize_through(const models::Fsq& quantizer, const at::Tensor& pooled) {
  // models::quantize() up to its rounding, the gradient of which is taken to be one.
  const auto levels = at::tensor(quantizer.levels, at::kFloat);
  const auto bound = 1.0 + 1.0 / (levels - 1.0);
  const auto z = quantizer.project_in(pooled);
  const auto soft = at::clamp(at::tanh(z / bound) * bound, -1.0, 1.0);
  const auto places = at::floor((levels - 1.0) * (soft + 1.0) / 2.0 + 0.5);
  const auto code = places * (2.0 / (levels - 1.0)) - 1.0;
  return quantizer.project_out(soft + (code - soft).detach());
}

struct DitRecipe::Example {
  at::Tensor source, target, timbre;  // [1, T, C]
  at::Tensor text, lyrics;            // [1, L] int64
};

DitRecipe::DitRecipe(models::OobleckEncoder vae, json config, const DitExamples& examples)
    : json_(std::move(config)),
      config_(models::parse_acestep_config(json_, "dit")),
      examples_(examples),
      vocabulary_(
          learn_vocabulary(sample_texts(examples.songs_for_vocabulary), examples.vocabulary)),
      tokenizer_(BpeTokenizer::parse(vocabulary_, "the learnt vocabulary")),
      silence_(silence_latent(vae)),
      covers_(std::move(vae), examples.covers) {
  text_json_ = sketch_text_config(tokenizer_.vocab_size());
  text_json_["hidden_size"] = config_.text_width;
  text_config_ = models::parse_qwen3_config(text_json_, "text encoder");
}

OptimizerSettings DitRecipe::optimizer() const {
  return {.beta2 = 0.98,
          .average = 0.9995,
          .tables = {std::string(kTextScope) + ".embed_tokens.weight"}};
}

Parameters DitRecipe::initial(std::uint64_t seed) const {
  studio::RandomWeights random(seed);
  auto shapes = shapes_of([&](const Weights& weights) {
    (void)models::bind_dit(weights, config_);
    (void)models::bind_condition_encoder(weights, config_);
    (void)models::bind_semantic_tokenizer(weights, config_);
    (void)models::bind_semantic_detokenizer(weights, config_);
  });
  const auto text = shapes_of(
      [&](const Weights& weights) { (void)models::bind_text_encoder(weights, text_config_); });
  for (const auto& [name, shape] : text) shapes[std::string(kTextScope) + "." + name] = shape;
  shapes["null_condition_emb"] = {1, 1, config_.encoder.hidden};
  shapes["encoder.timbre_encoder.special_token"] = {1, 1, config_.encoder.hidden};
  Parameters parameters(
      shapes,
      [&](const std::string& name, at::IntArrayRef shape) { return random.get(name, shape); },
      [](const std::string&) { return false; });
  // The norms that follow let loudness through where something constant is beside it.
  for (const char* embedding : {"tokenizer.attention_pooler.embed_tokens.bias",
                                "encoder.timbre_encoder.embed_tokens.bias"}) {
    const auto& bias = parameters.all().at(embedding);
    parameters.set(embedding, bias.detach() * kLouderBias);
  }
  begin_as_linear_denoiser(parameters, config_, kPower);
  return parameters;
}

DitRecipe::Example DitRecipe::example(std::int64_t step, synth::Dice& dice) {
  const auto& song = covers_.draw(step, dice);
  const auto count = static_cast<int>(song.covers.size());
  const auto from = static_cast<size_t>(dice.below(count));
  const auto to = dice.chance(kSameTarget) ? from : static_cast<size_t>(dice.below(count));
  const auto& source = song.covers[from];
  const auto& target = song.covers[to];
  const auto prompt = prompt_of(song.song, target.arrangement, dice);
  auto noise = diffusion::NoiseGenerator(dice.next()).normal(source.mean.sizes());
  Example example;
  example.source = (source.mean + source.deviation * noise).unsqueeze(0);
  example.target = target.mean.unsqueeze(0);
  const double whose = dice.uniform();
  const auto half = source.mean.size(0) / 2;
  const auto begin = dice.below(static_cast<int>(half));
  example.timbre = whose < 0.65   ? example.source.narrow(1, begin, half)
                   : whose < 0.85 ? silence_.view({1, 1, -1}).expand({1, half, -1})
                                  : example.target.narrow(1, begin, half);
  const auto tokens = [&](const std::string& text) {
    return at::tensor(tokenizer_.encode(text), at::kLong).unsqueeze(0);
  };
  example.text = tokens(studio::text_prompt(prompt));
  example.lyrics = tokens(studio::lyric_prompt(prompt));
  return example;
}

// One example after the other: their texts differ in length, and padding the transformer would see.
std::map<std::string, double> DitRecipe::learn(Parameters& parameters, std::int64_t step,
                                               std::uint64_t seed) {
  auto dice = synth::Dice(seed).fork("dit " + std::to_string(step));
  std::map<std::string, double> numbers;
  const auto share = 1.0 / static_cast<double>(examples_.batch);
  for (std::int64_t i = 0; i < examples_.batch; ++i) {
    const auto of_one = example(place_of(step, seed), dice);
    const auto loss = flow_loss(Weights(parameters), of_one, dice);
    loss.backward(/*gradient=*/at::full({}, share));
    numbers["loss"] += share * loss.item<double>();
    // What a velocity of zero would cost.
    numbers["no_flow"] += share * (1.0 + of_one.target.square().mean().item<double>());
  }
  return numbers;
}

at::Tensor DitRecipe::flow_loss(const Weights& weights, const Example& of_one,
                                synth::Dice& dice) const {
  auto hints = silence_.expand_as(of_one.source);
  if (!dice.chance(kNoHints)) {
    const auto tokenizer = models::bind_semantic_tokenizer(weights, config_);
    hints = models::detokenize(
        models::bind_semantic_detokenizer(weights, config_),
        quantize_through(tokenizer.quantizer, models::pool_frames(tokenizer, of_one.source)));
  }
  const auto text_encoder = models::bind_text_encoder(weights / kTextScope, text_config_);
  const auto encoder = models::bind_condition_encoder(weights, config_);
  auto states =
      models::encode_condition(encoder, models::encode_text(text_encoder, of_one.text),
                               models::embed_tokens(text_encoder, of_one.lyrics), of_one.timbre);
  if (dice.chance(kNoCondition))
    states = weights("null_condition_emb", {1, 1, config_.encoder.hidden}).expand_as(states);

  const double normal = diffusion::NoiseGenerator(dice.next()).normal({16})[0].item<double>();
  const double time = 1.0 / (1.0 + std::exp(-(0.4 + 1.2 * normal)));
  const auto noise = diffusion::NoiseGenerator(dice.next()).normal(of_one.target.sizes());
  const auto x = time * noise + (1.0 - time) * of_one.target;
  const auto dit = models::bind_dit(weights, config_);
  const auto made = models::velocity(dit, x, at::cat({hints, at::ones_like(hints)}, 2),
                                     at::full({1}, time), models::prepare_condition(dit, states));
  return (made - (noise - of_one.target)).square().mean();
}

void DitRecipe::write(Parameters& weights, const std::filesystem::path& folder) const {
  std::map<std::string, at::Tensor> model;
  std::map<std::string, at::Tensor> text;
  const std::string scope = std::string(kTextScope) + ".";
  for (const auto& [name, tensor] : weights.all())
    (name.starts_with(scope) ? text[name.substr(scope.size())] : model[name]) = tensor;
  write_part(folder / kFolder, json_, "model.safetensors", model, at::kBFloat16);
  save_torch_tensor(folder / kFolder / "silence_latent.pt",
                    silence_.view({1, -1, 1}).repeat({1, 1, kSilenceFrames}));
  const auto of_text = folder / "Qwen3-Embedding-0.6B";
  write_part(of_text, text_json_, "model.safetensors", text, at::kBFloat16);
  write_text_file(of_text / "tokenizer.json", vocabulary_);
}

std::map<std::string, at::Tensor> DitRecipe::read(const std::filesystem::path& folder) const {
  auto weights = read_part(folder / kFolder, "model.safetensors");
  for (auto& [name, tensor] : read_part(folder / "Qwen3-Embedding-0.6B", "model.safetensors"))
    weights[std::string(kTextScope) + "." + name] = tensor;
  return weights;
}

}  // namespace headroom::train
