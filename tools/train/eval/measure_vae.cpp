#include <functional>
#include <map>
#include <string>

#include "base/json.h"
#include "studio/vae_codec.h"
#include "train/eval/agreement.h"
#include "train/eval/baselines.h"
#include "train/eval/measure.h"
#include "train/learn/losses.h"
#include "train/recipes/clips.h"

namespace headroom::train {
namespace {

using RoundTrip = std::function<at::Tensor(const at::Tensor&)>;

constexpr double kNepersToDecibel = 8.685889638;
constexpr std::int64_t kLinearSongs = 60;  // that the linear code learns from

at::Tensor training_audio(double seconds) {
  std::vector<at::Tensor> songs;
  for (std::int64_t i = 0; i < kLinearSongs; ++i) {
    songs.push_back(
        render_clip(kTrainingSongs + static_cast<std::uint64_t>(i), {.seconds = seconds}).mix);
  }
  return at::cat(songs, 1);
}

struct Sum {
  double mel = 0.0, si_sdr = 0.0, onsets = 0.0;
};

}  // namespace

nlohmann::json measure_vae(const studio::ModelFolder& model, const MeasureSettings& settings) {
  const at::NoGradGuard no_grad;
  const auto encoder = model.load_vae_encoder();
  const auto decoder = model.load_vae_decoder();
  const auto hop = encoder.config.hop();
  const LinearCode linear(training_audio(settings.seconds), hop, encoder.config.latent_channels);
  const std::map<std::string, RoundTrip> ways{
      {"vae",
       [&](const at::Tensor& audio) {
         const auto moments = models::encode_moments(encoder, audio.unsqueeze(0));
         return models::decode(decoder, models::posterior(moments).mean)[0];
       }},
      {"linear", [&](const at::Tensor& audio) { return linear.round_trip(audio); }},
      {"opus_12k",
       [&](const at::Tensor& audio) { return opus_round_trip(audio, settings.scratch); }}};
  std::map<std::string, Sum> sums;
  for (std::int64_t i = 0; i < settings.songs; ++i) {
    const auto mix =
        render_clip(kHeldOutSongs + static_cast<std::uint64_t>(i), {.seconds = settings.seconds})
            .mix;
    const auto audio = mix.narrow(1, 0, mix.size(1) / hop * hop);
    for (const auto& [name, way] : ways) {
      const auto made = way(audio);
      sums[name].mel += mel_loss(made, audio, 48000, 1024, 80).item<double>();
      sums[name].si_sdr += si_sdr(made, audio).mean().item<double>();
      sums[name].onsets += onset_correlation(made, audio, 48000);
    }
  }
  nlohmann::json result{{"songs", settings.songs}};
  const auto count = static_cast<double>(settings.songs);
  for (const auto& [name, sum] : sums) {
    result[name] = {{"log_mel_db", kNepersToDecibel * sum.mel / count},
                    {"si_sdr_db", sum.si_sdr / count},
                    {"onset_correlation", sum.onsets / count}};
  }
  return result;
}

}  // namespace headroom::train
