// headroom-footprints: holds the bounds of studio/footprint.h against measured peaks, at the
// published sizes on random weights. A bound below its peak is a defect; one far above it wastes
// the card. Layers repeat themselves, so a few of them have the peak of all.
#include <functional>
#include <iostream>
#include <regex>

#include <ATen/ATen.h>
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "memory/cpu_device.h"
#include "models/condition_encoder.h"
#include "models/dit.h"
#include "models/mel_band_roformer.h"
#include "models/oobleck.h"
#include "models/semantic_tokenizer.h"
#include "models/text_encoder.h"
#include "studio/footprint.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"
#include "tensor/blas.h"

namespace headroom::bench {
namespace {

using studio::ModelSize;

constexpr std::int64_t kLayers = 2;
constexpr double kMostWaste = 1.3;
constexpr std::uint64_t kNoMatter = 2 << 20;  // waste that nobody would notice
constexpr std::uint64_t kCapacity = 24ULL << 30;

/// One network at one shape: `prepare` binds and makes inputs on the host; what it returns is
/// measured.
struct Probe {
  std::string name;
  std::uint64_t bound;
  std::function<std::function<at::Tensor()>()> prepare;
};

at::Tensor noise(at::IntArrayRef shape, at::ScalarType dtype) {
  return studio::RandomWeights(2).get("input", shape).to(dtype);
}

struct Precision {
  const char* name;
  at::ScalarType dtype;
  std::uint64_t element;
};
constexpr Precision kPrecisions[]{{"fp32", at::kFloat, 4}, {"bf16", at::kBFloat16, 2}};

void add_dit(std::vector<Probe>& probes, const Precision& p, ModelSize size, const char* name) {
  auto config = models::parse_acestep_config(studio::dit_config_json(size), "probe");
  for (const std::int64_t seconds : {60, 120, 240}) {
    const auto frames = 25 * seconds;
    probes.push_back(
        {fmt::format("dit/{}/{}s/{}", name, seconds, p.name),
         studio::dit_footprint(config, frames, 1, p.element), [=]() mutable {
           config.decoder_layers = kLayers;
           studio::RandomWeights random(1);
           const auto dit = models::bind_dit(Weights(random, p.dtype), config);
           const auto condition =
               models::prepare_condition(dit, noise({1, 160, config.encoder.hidden}, p.dtype));
           const auto x = noise({1, frames, config.latent_channels}, at::kFloat);
           const auto context = noise({1, frames, 2 * config.latent_channels}, at::kFloat);
           return [=] {
             return models::velocity(dit, x.clone(), context.clone(), at::full({1}, 0.5F),
                                     condition);
           };
         }});
  }
}

void add_conditioning(std::vector<Probe>& probes, const Precision& p) {
  const auto config = models::parse_acestep_config(studio::dit_config_json(ModelSize::b2), "probe");
  for (const std::int64_t tokens : {160, 1024}) {
    probes.push_back({fmt::format("prepare_condition/{}/{}", tokens, p.name),
                      studio::prepare_condition_footprint(config, tokens, p.element), [=] {
                        studio::RandomWeights random(1);
                        const auto dit = models::bind_dit(Weights(random, p.dtype), config);
                        const auto states = noise({1, tokens, config.encoder.hidden}, p.dtype);
                        return [=] {
                          const auto made = models::prepare_condition(dit, states);
                          return made.layers.back().k;
                        };
                      }});
  }
  auto short_config = config;
  short_config.lyric_layers = kLayers;
  short_config.timbre_layers = kLayers;
  for (const auto& [lyrics, timbre] : {std::pair{16, 750}, std::pair{1024, 1500}}) {
    probes.push_back({fmt::format("condition_encoder/{}+{}/{}", lyrics, timbre, p.name),
                      studio::condition_footprint(config, 80, lyrics, timbre, p.element), [=] {
                        studio::RandomWeights random(1);
                        const auto encoder =
                            models::bind_condition_encoder(Weights(random, p.dtype), short_config);
                        const auto text = noise({1, 80, config.text_width}, p.dtype);
                        const auto words = noise({1, lyrics, config.text_width}, p.dtype);
                        const auto audio = noise({1, timbre, config.timbre_width}, p.dtype);
                        return [=] {
                          return models::encode_condition(encoder, text.clone(), words.clone(),
                                                          audio.clone());
                        };
                      }});
  }
  for (const std::int64_t frames : {250, 1500}) {
    probes.push_back({fmt::format("hints/{}/{}", frames, p.name),
                      studio::hints_footprint(config, frames, p.element), [=] {
                        studio::RandomWeights random(1);
                        const Weights weights(random, p.dtype);
                        const auto tokenizer = models::bind_semantic_tokenizer(weights, config);
                        const auto back = models::bind_semantic_detokenizer(weights, config);
                        const auto latents = noise({1, frames, config.latent_channels}, at::kFloat);
                        return [=] {
                          return models::detokenize(
                              back, models::tokenize(tokenizer, latents.clone()).quantized);
                        };
                      }});
  }
  auto text_config = models::parse_qwen3_config(studio::text_config_json(ModelSize::b2), "probe");
  for (const std::int64_t tokens : {80, 1024}) {
    probes.push_back(
        {fmt::format("text_encoder/{}/{}", tokens, p.name),
         studio::text_footprint(text_config, tokens, p.element), [=]() mutable {
           text_config.layers = kLayers;
           text_config.vocabulary = 1000;
           studio::RandomWeights random(1);
           const auto encoder = models::bind_text_encoder(Weights(random, p.dtype), text_config);
           const auto ids = at::arange(tokens, at::kLong).remainder(1000).view({1, -1});
           return [=] { return models::encode_text(encoder, ids); };
         }});
  }
}

void add_vae(std::vector<Probe>& probes, const Precision& p) {
  const auto config = models::parse_oobleck_config(studio::vae_config_json(ModelSize::b2), "probe");
  for (const std::int64_t frames : {25, 192}) {
    probes.push_back({fmt::format("vae_decode/{}/{}", frames, p.name),
                      studio::vae_decode_footprint(config, frames, p.element), [=] {
                        studio::RandomWeights random(1);
                        const auto decoder =
                            models::bind_oobleck_decoder(Weights(random, p.dtype), config);
                        const auto latents = noise({1, config.latent_channels, frames}, at::kFloat);
                        return [=] { return models::decode(decoder, latents.clone()); };
                      }});
    probes.push_back({fmt::format("vae_encode/{}/{}", frames, p.name),
                      studio::vae_encode_footprint(config, frames, p.element), [=] {
                        studio::RandomWeights random(1);
                        const auto encoder =
                            models::bind_oobleck_encoder(Weights(random, p.dtype), config);
                        const auto audio = noise({1, 2, frames * config.hop()}, at::kFloat);
                        return [=] { return models::encode_moments(encoder, audio.clone()); };
                      }});
  }
}

void add_separator(std::vector<Probe>& probes) {
  models::RoformerConfig config;
  probes.push_back({"separator/8s", studio::separator_footprint(config), [=]() mutable {
                      config.depth = 1;
                      studio::RandomWeights random(1);
                      const auto roformer = models::bind_roformer(Weights(random), config);
                      const auto audio = noise({config.channels, config.chunk}, at::kFloat);
                      return [=] { return models::separate_chunk(roformer, audio.clone()); };
                    }});
}

std::uint64_t measured_peak(const Probe& probe) {
  const auto run = probe.prepare();
  memory::CpuDevice device({.capacity = kCapacity});
  const memory::DeviceScope scope(device, "probe");
  (void)run();
  return device.usage().peak_used;
}

int run(const std::string& filter, bool json) {
  std::vector<Probe> probes;
  for (const auto& p : kPrecisions) {
    add_dit(probes, p, ModelSize::b2, "2b");
    add_dit(probes, p, ModelSize::xl, "xl");
    add_conditioning(probes, p);
    add_vae(probes, p);
  }
  add_separator(probes);
  const std::regex pattern(filter);
  auto report = nlohmann::json::array();
  bool good = true;
  for (const auto& probe : probes) {
    if (!std::regex_search(probe.name, pattern)) continue;
    const auto peak = measured_peak(probe);
    const double ratio = static_cast<double>(probe.bound) / static_cast<double>(peak);
    const bool holds = ratio >= 1.0 && (ratio <= kMostWaste || probe.bound - peak <= kNoMatter);
    good = good && holds;
    report.push_back(
        {{"name", probe.name}, {"bound", probe.bound}, {"peak", peak}, {"ratio", ratio}});
    if (!json)
      fmt::print("{:<32} bound {:>9}  peak {:>9}  {:.2f}{}\n", probe.name, human_bytes(probe.bound),
                 human_bytes(peak), ratio, holds ? "" : "  <<<");
    std::cout << std::flush;
  }
  if (json) std::cout << report.dump(2) << '\n';
  return good ? 0 : 1;
}

}  // namespace
}  // namespace headroom::bench

int main(int argc, char** argv) {
  headroom::restart_with_fitting_settings(argv);
  CLI::App app(
      "Holds the memory bounds of every network against measured peaks; exits with 1 when one "
      "is exceeded or wastes more than 30 %.");
  std::string filter;
  bool json = false;
  app.add_option("-f,--filter", filter, "Only probes whose name matches this regular expression");
  app.add_flag("--json", json, "One JSON array on standard output");
  CLI11_PARSE(app, argc, argv);
  headroom::set_compute_threads(0);
  try {
    return headroom::bench::run(filter, json);
  } catch (const std::exception& error) {
    std::cerr << "headroom-footprints: " << error.what() << '\n';
    return 1;
  }
}
