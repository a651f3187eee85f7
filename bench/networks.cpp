// The networks at their published sizes, on random weights: speed depends on shapes, not values.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/json.h"
#include "case.h"
#include "flop.h"
#include "models/condition_encoder.h"
#include "models/dit.h"
#include "models/mel_band_roformer.h"
#include "models/oobleck.h"
#include "models/semantic_tokenizer.h"
#include "models/text_encoder.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"

namespace headroom::bench {
namespace {

using studio::ModelSize;

constexpr double kGiga = 1e9;
constexpr std::int64_t kFramesPerSecond = 25;
constexpr std::int64_t kConditionRows = 83;  // 67 text, 15 lyrics, 1 timbre: a usual prompt
// Layers of the XL transformer that are run: one period of its pattern, twice. All 32 are 17 GB.
constexpr std::int64_t kXlLayers = 4;

// Random weights that count what a network takes from them.
class CountedWeights : public studio::RandomWeights {
 public:
  CountedWeights() : RandomWeights(1) {}

  at::Tensor get(const std::string& name, at::IntArrayRef shape) override {
    auto tensor = RandomWeights::get(name, shape);
    bytes_ += tensor.nbytes();
    return tensor;
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  std::uint64_t bytes_ = 0;
};

template <typename Bind>
auto bound(Bind bind) {
  CountedWeights source;
  auto model = bind(Weights(source));
  return Bound<decltype(model)>{std::move(model), source.bytes()};
}

models::AceStepConfig acestep_config(ModelSize size) {
  return models::parse_acestep_config(studio::dit_config_json(size), "benchmark");
}

models::OobleckConfig vae_config() {
  return models::parse_oobleck_config(studio::vae_config_json(ModelSize::b2), "benchmark");
}

// Noise of the size of real signals. The generator's seed is fixed, so runs are comparable.
at::Tensor noise(at::IntArrayRef shape) { return studio::RandomWeights(2).get("input", shape); }

void add_vae(std::vector<Case>& cases) {
  const auto config = vae_config();
  const Shared<Bound<models::OobleckEncoder>> encoder([config] {
    return bound([&](const Weights& w) { return models::bind_oobleck_encoder(w, config); });
  });
  for (const std::int64_t seconds : {1, 5}) {
    cases.push_back({fmt::format("vae/encode/{}s", seconds), "stereo audio to moments", [=] {
                       const auto samples = seconds * config.sample_rate;
                       const auto audio = noise({1, config.audio_channels, samples});
                       return Work{[=] { (void)models::encode_moments(encoder().model, audio); },
                                   vae_encode_flop(config, samples) / kGiga, encoder().bytes,
                                   static_cast<double>(seconds)};
                     }});
  }
  const Shared<Bound<models::OobleckDecoder>> decoder([config] {
    return bound([&](const Weights& w) { return models::bind_oobleck_decoder(w, config); });
  });
  for (const std::int64_t seconds : {1, 5}) {
    cases.push_back({fmt::format("vae/decode/{}s", seconds), "latents to stereo audio", [=] {
                       const auto frames = seconds * kFramesPerSecond;
                       const auto latents = noise({1, config.latent_channels, frames});
                       return Work{[=] { (void)models::decode(decoder().model, latents); },
                                   vae_decode_flop(config, frames) / kGiga, decoder().bytes,
                                   static_cast<double>(seconds)};
                     }});
  }
}

void add_dit(std::vector<Case>& cases, ModelSize size) {
  const bool xl = size == ModelSize::xl;
  const auto whole = acestep_config(size);
  auto config = whole;
  if (xl) config.decoder_layers = kXlLayers;
  const Shared<Bound<models::Dit>> dit(
      [config] { return bound([&](const Weights& w) { return models::bind_dit(w, config); }); });
  for (const std::int64_t seconds : {10, 30, 60}) {
    cases.push_back({fmt::format("dit/{}/{}s", xl ? "xl" : "2b", seconds),
                     "one velocity of one slot, condition cached", [=] {
                       const auto frames = seconds * kFramesPerSecond;
                       const auto tokens = (frames + config.patch - 1) / config.patch;
                       const auto x = noise({1, frames, config.latent_channels});
                       const auto context = noise({1, frames, 2 * config.latent_channels});
                       const auto t = at::full({1}, 0.7F);
                       const auto condition = models::prepare_condition(
                           dit().model, noise({1, kConditionRows, config.encoder.hidden}));
                       const double run = dit_flop(config, tokens, kConditionRows);
                       return Work{
                           [=] { (void)models::velocity(dit().model, x, context, t, condition); },
                           run / kGiga, dit().bytes, static_cast<double>(seconds),
                           run / dit_flop(whole, tokens, kConditionRows)};
                     }});
  }
}

void add_condition(std::vector<Case>& cases) {
  constexpr std::int64_t text = 67;
  constexpr std::int64_t lyrics = 15;
  constexpr std::int64_t timbre = 750;
  cases.push_back(
      {"condition", "67 text rows, 15 lyric rows, 750 timbre frames", [] {
         const auto config = acestep_config(ModelSize::b2);
         auto encoder =
             bound([&](const Weights& w) { return models::bind_condition_encoder(w, config); });
         const auto bytes = encoder.bytes;
         const auto text_rows = noise({1, text, config.text_width});
         const auto lyric_rows = noise({1, lyrics, config.text_width});
         const auto frames = noise({1, timbre, config.timbre_width});
         return Work{[=, model = std::move(encoder.model)] {
                       (void)models::encode_condition(model, text_rows, lyric_rows, frames);
                     },
                     condition_flop(config, text, lyrics, timbre) / kGiga, bytes};
       }});
}

void add_semantic(std::vector<Case>& cases) {
  constexpr std::int64_t seconds = 30;
  constexpr std::int64_t frames = seconds * kFramesPerSecond;
  cases.push_back({"semantic/tokenize/30s", "latents to semantic tokens", [] {
                     const auto config = acestep_config(ModelSize::b2);
                     auto tokenizer = bound([&](const Weights& w) {
                       return models::bind_semantic_tokenizer(w, config);
                     });
                     const auto bytes = tokenizer.bytes;
                     const auto latents = noise({1, frames, config.latent_channels});
                     return Work{[=, model = std::move(tokenizer.model)] {
                                   (void)models::tokenize(model, latents);
                                 },
                                 tokenize_flop(config, frames) / kGiga, bytes, seconds};
                   }});
  cases.push_back(
      {"semantic/detokenize/30s", "semantic tokens to hints", [] {
         const auto config = acestep_config(ModelSize::b2);
         auto detokenizer =
             bound([&](const Weights& w) { return models::bind_semantic_detokenizer(w, config); });
         const auto bytes = detokenizer.bytes;
         const auto tokens = noise({1, frames / config.pool_window, config.encoder.hidden});
         return Work{
             [=, model = std::move(detokenizer.model)] { (void)models::detokenize(model, tokens); },
             detokenize_flop(config, frames) / kGiga, bytes, seconds};
       }});
}

void add_text(std::vector<Case>& cases) {
  constexpr std::int64_t tokens = 83;
  cases.push_back(
      {"text/83", "Qwen3 hidden states of 83 tokens", [] {
         const auto config =
             models::parse_qwen3_config(studio::text_config_json(ModelSize::b2), "benchmark");
         auto encoder =
             bound([&](const Weights& w) { return models::bind_text_encoder(w, config); });
         const auto bytes = encoder.bytes;
         const auto ids = at::arange(tokens, at::kLong).unsqueeze(0);
         return Work{
             [=, model = std::move(encoder.model)] { (void)models::encode_text(model, ids); },
             text_flop(config, tokens) / kGiga, bytes};
       }});
}

void add_roformer(std::vector<Case>& cases) {
  cases.push_back({"roformer/8s", "one chunk of the separator", [] {
                     const models::RoformerConfig config;  // the published sizes
                     auto roformer =
                         bound([&](const Weights& w) { return models::bind_roformer(w, config); });
                     const auto bytes = roformer.bytes;
                     const auto audio = noise({config.channels, config.chunk}).mul_(0.1);
                     return Work{[=, model = std::move(roformer.model)] {
                                   (void)models::separate_chunk(model, audio);
                                 },
                                 roformer_flop(config, config.chunk) / kGiga, bytes,
                                 static_cast<double>(config.chunk) / config.sample_rate};
                   }});
}

}  // namespace

std::vector<Case> network_cases() {
  std::vector<Case> cases;
  add_vae(cases);
  add_text(cases);
  add_condition(cases);
  add_semantic(cases);
  add_roformer(cases);
  add_dit(cases, ModelSize::b2);
  add_dit(cases, ModelSize::xl);
  return cases;
}

}  // namespace headroom::bench
