#include <algorithm>
#include <chrono>
#include <functional>
#include <vector>

#include "base/json.h"
#include "diffusion/noise.h"
#include "models/dit.h"
#include "studio/separation.h"
#include "train/eval/measure.h"

namespace headroom::train {
namespace {

using Clock = std::chrono::steady_clock;

// The best of a few runs after one to warm up: what the machine can do when nobody disturbs.
double seconds_of(const std::function<void()>& body) {
  constexpr int runs = 5;
  body();
  double best = 1e9;
  for (int i = 0; i < runs; ++i) {
    const auto began = Clock::now();
    body();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - began).count());
  }
  return best;
}

// One tick of four generations in flight, each a step further than the last.
double tick_seconds(const studio::ModelFolder& model, std::int64_t frames) {
  constexpr std::int64_t depth = 4;
  constexpr std::int64_t words = 90;
  const auto dit = model.load_dit();
  const auto channels = dit.config.latent_channels;
  diffusion::NoiseGenerator noise(1);
  const auto x = noise.normal({depth, frames, channels});
  const auto context = noise.normal({depth, frames, 2 * channels});
  const auto condition =
      models::prepare_condition(dit, noise.normal({1, words, dit.config.encoder.hidden}));
  const auto times = at::tensor({1.0F, 0.9F, 0.75F, 0.5F});
  return seconds_of([&] { (void)models::velocity(dit, x, context, times, condition); });
}

}  // namespace

nlohmann::json measure_speed(const studio::ModelFolder& model) {
  const at::NoGradGuard no_grad;
  constexpr double kSteps = 8.0;
  constexpr double kDepth = 4.0;
  const auto encoder = model.load_vae_encoder();
  const auto decoder = model.load_vae_decoder();
  const auto roformer = model.load_separator();
  diffusion::NoiseGenerator noise(2);
  const auto audio = noise.normal({1, 2, 48000}).mul_(0.1);
  const auto latents = noise.normal({1, encoder.config.latent_channels, 25 + 18});
  const auto rate = roformer.config.sample_rate;
  const auto mixture = noise.normal({2, 12L * rate}).mul_(0.1);
  const double separation =
      seconds_of([&] { studio::separate(roformer, mixture, rate, [](const at::Tensor&) {}); });
  const double tick = tick_seconds(model, 1500);
  return {{"encode_1s", seconds_of([&] { (void)models::encode_moments(encoder, audio); })},
          {"decode_1s_and_context", seconds_of([&] { (void)models::decode(decoder, latents); })},
          {"tick_of_4_at_60s", tick},
          {"generations_per_second_at_60s", kDepth / (tick * kSteps)},
          {"separation_times_realtime", 12.0 / separation}};
}

}  // namespace headroom::train
