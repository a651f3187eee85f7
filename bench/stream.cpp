// The streaming engine around the network: a tick without its forward passes, rows one by one and
// as a batch, LoRAs merged and as a product beside the layer.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include "base/json.h"
#include "case.h"
#include "diffusion/dit_denoiser.h"
#include "diffusion/lora_stack.h"
#include "diffusion/lora_targets.h"
#include "diffusion/ring.h"
#include "flop.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"

namespace headroom::bench {
namespace {

using namespace diffusion;

constexpr double kGiga = 1e9;
constexpr std::int64_t kChannels = 64;
constexpr std::int64_t kFramesPerSecond = 25;
constexpr std::int64_t kConditionRows = 83;
// Layers that are run where the whole network would only repeat them.
constexpr std::int64_t kLayers = 2;

at::Tensor noise(at::IntArrayRef shape) { return studio::RandomWeights(2).get("input", shape); }

models::AceStepConfig config() {
  auto config =
      models::parse_acestep_config(studio::dit_config_json(studio::ModelSize::b2), "benchmark");
  config.decoder_layers = kLayers;
  return config;
}

// Gives back what was computed before: what is measured is everything else.
class Instant final : public Denoiser {
 public:
  explicit Instant(std::int64_t frames) : velocity_(noise({1, frames, kChannels})) {}
  void velocities(std::span<const Row> rows, std::vector<at::Tensor>& velocities) override {
    velocities.assign(rows.size(), velocity_);
  }

 private:
  at::Tensor velocity_;
};

Request request(std::int64_t frames) {
  return {.conditions = {{noise({1, 4, 8}), at::ones({1, 4})}},
          .context = noise({1, frames, 2 * kChannels}),
          .seed = 1,
          .source = noise({1, frames, kChannels}),
          .denoise = 0.7};
}

Work tick_work(std::int64_t seconds, bool everything) {
  const auto frames = seconds * kFramesPerSecond;
  struct State {
    explicit State(std::int64_t frames) : network(frames), wanted(request(frames)) {
      RingSettings settings;
      settings.controls.dcw.emplace();
      ring.emplace(network, settings);
    }
    Instant network;
    Request wanted;
    std::optional<Ring> ring;
  };
  const auto state = std::make_shared<State>(frames);
  if (everything) {
    auto& wanted = state->wanted;
    const Curve curve(at::rand({frames}));
    wanted.velocity_scale = curve;
    wanted.mask = {.mask = curve, .original = wanted.source};
    wanted.target = {.latent = wanted.source, .curve = curve};
    wanted.guidance.scale = curve;
    wanted.guidance.negatives = {wanted.conditions[0]};
    wanted.guidance.rescale = 0.5;
  }
  return {[state] {
    (void)state->ring->submit(state->wanted);
    (void)state->ring->tick();
  }};
}

void add_ticks(std::vector<Case>& cases) {
  for (const std::int64_t seconds : {60, 240}) {
    cases.push_back({fmt::format("ring/tick/{}s", seconds),
                     "a tick of 8 slots without the network: admission with its noise, steps, DCW",
                     [=] { return tick_work(seconds, false); }});
  }
  cases.push_back({"ring/tick/all/60s", "the same with mask, target, guidance and curves",
                   [] { return tick_work(60, true); }});
}

void add_rows(std::vector<Case>& cases) {
  constexpr std::int64_t seconds = 30;
  const Shared<std::shared_ptr<models::Dit>> dit([] {
    studio::RandomWeights weights(1);
    return std::make_shared<models::Dit>(models::bind_dit(Weights(weights), config()));
  });
  for (const std::int64_t rows : {1, 4}) {
    for (const bool batched : {false, true}) {
      if (rows == 1 && batched) continue;
      cases.push_back(
          {fmt::format("dit/rows/{}{}", rows, batched ? "/batch" : ""),
           fmt::format("{} slots of 30 s, {} layers of the 2B transformer, {}", rows, kLayers,
                       batched ? "as one batch" : "one after the other"),
           [=] {
             const auto frames = seconds * kFramesPerSecond;
             auto denoiser = std::make_shared<DitDenoiser>(*dit(), RowPlan{.batched = batched});
             const auto condition = std::make_shared<Condition>(
                 Condition{noise({1, kConditionRows, config().encoder.hidden}), {}});
             std::vector<Row> all;
             for (std::int64_t i = 0; i < rows; ++i)
               all.push_back({noise({1, frames, kChannels}), 0.7, noise({1, frames, 2 * kChannels}),
                              condition.get(), false});
             const double run = dit_flop(config(), frames / 2, kConditionRows);
             return Work{[=] {
                           std::vector<at::Tensor> velocities;
                           denoiser->velocities(all, velocities);
                           (void)condition;
                         },
                         static_cast<double>(rows) * run / kGiga, 0,
                         static_cast<double>(rows * seconds)};
           }});
    }
  }
}

// One layer's weights in bf16, as a checkpoint has them, and one LoRA over all of them.
struct LoraLayer {
  LoraLayer(std::int64_t rank) : source(1, at::kBFloat16) {
    auto one = config();
    one.decoder_layers = 1;
    dit = models::bind_dit(Weights(source), one);
    auto targets = lora_targets(dit, source);
    std::erase_if(targets, [](const auto& target) { return !target.first.starts_with("layers."); });
    std::map<std::string, at::Tensor> base;
    for (auto& [name, target] : targets) {
      base[name] = target.base().clone();
      target.base = [tensor = base[name]] { return tensor; };
    }
    stack.emplace(targets);
    for (const auto& [name, shape] : stack->shapes())
      lora.deltas.push_back({name, noise({rank, shape[1]}), noise({shape[0], rank})});
    (void)stack->enable("a", 0, lora, 0.5);
  }

  studio::RandomWeights source;
  models::Dit dit;
  Lora lora;
  std::optional<LoraStack> stack;
  double strength = 0.5;
};

void add_loras(std::vector<Case>& cases) {
  for (const std::int64_t rank : {16, 64}) {
    cases.push_back({fmt::format("lora/merge/r{}", rank),
                     "another strength merged into all 11 weights of one layer", [=] {
                       const auto layer = std::make_shared<LoraLayer>(rank);
                       return Work{[layer] {
                         layer->strength = layer->strength == 0.5 ? 0.6 : 0.5;
                         (void)layer->stack->set_strength("a", layer->strength);
                         (void)layer->stack->merge_all();
                       }};
                     }});
    cases.push_back(
        {fmt::format("lora/product/r{}", rank),
         "the same LoRA as a product beside the layer, in one pass of one slot of 60 s", [=] {
           const auto layer = std::make_shared<LoraLayer>(rank);
           constexpr std::int64_t tokens = 750;
           const auto narrow = noise({1, tokens, 2048});
           const auto wide = noise({1, tokens, 6144});
           return Work{[=] {
             for (const auto& delta : layer->lora.deltas) {
               const bool memory = delta.target.find("cross_attn.k_proj") != std::string::npos ||
                                   delta.target.find("cross_attn.v_proj") != std::string::npos;
               if (memory) continue;  // computed once per prompt
               const auto& x = delta.a.size(1) == 2048 ? narrow : wide;
               auto y = at::zeros({1, tokens, delta.b.size(0)});
               y.add_(at::linear(at::linear(x, delta.a), delta.b), 0.5);
             }
           }};
         }});
  }
}

}  // namespace

std::vector<Case> stream_cases() {
  std::vector<Case> cases;
  add_ticks(cases);
  add_loras(cases);
  add_rows(cases);
  return cases;
}

}  // namespace headroom::bench
