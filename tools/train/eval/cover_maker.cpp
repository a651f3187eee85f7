#include "train/eval/cover_maker.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "audio/key.h"
#include "audio/tempo.h"
#include "studio/piece.h"
#include "train/learn/losses.h"
#include "train/synth/dice.h"
#include "train/synth/render.h"

namespace headroom::train {
namespace {

constexpr int kRate = 48000;
constexpr double kNepersToDecibel = 8.685889638;
constexpr std::array<bool, synth::kStems> kEverybody{true, true, true, true, true, true};

synth::Render render_full_mix(std::uint64_t number, double seconds) {
  return synth::render(synth::compose(number, seconds), synth::arrange(number, kEverybody),
                       static_cast<std::int64_t>(seconds * kRate));
}

}  // namespace

CoverMaker::CoverMaker(const studio::ModelFolder& model, std::int64_t steps)
    : studio_(model),
      encoder_(model.load_vae_encoder()),
      decoder_(model.load_vae_decoder()),
      steps_(steps) {}

at::Tensor CoverMaker::cover(const CoverSource& source, const std::string& caption, double strength,
                             std::uint64_t seed) {
  studio::PieceSettings settings;
  settings.seed = seed;
  settings.steps = steps_;
  settings.strength = strength;
  settings.shift = studio_.shift();
  settings.prompt.caption = caption;
  settings.prompt.bpm = std::clamp(reported_bpm(source.heard.tempo), 30, 300);
  settings.prompt.key = key_name(source.heard.key);
  std::vector<at::Tensor> blocks;
  studio::make_cover(studio_, source.audio, settings,
                     [&](const at::Tensor& block) { blocks.push_back(block.cpu().clone()); });
  // As it is written to a file.
  return at::cat(blocks, 1).clamp(-1.0, 1.0);
}

at::Tensor CoverMaker::round_trip(const at::Tensor& audio) const {
  const at::NoGradGuard no_grad;
  const auto hop = encoder_.config.hop();
  const auto missing = (hop - audio.size(1) % hop) % hop;
  const auto whole = at::constant_pad_nd(audio, {0, missing}).unsqueeze(0);
  const auto moments = models::encode_moments(encoder_, whole);
  return models::decode(decoder_, models::posterior(moments).mean)[0].narrow(1, 0, audio.size(1));
}

CoverSource full_mix(std::uint64_t number, double seconds) {
  auto audio = render_full_mix(number, seconds).mix;
  const auto heard = listen(audio, kRate);
  return {std::move(audio), heard};
}

at::Tensor full_mix_vocals(std::uint64_t number, double seconds) {
  const auto render = render_full_mix(number, seconds);
  return render.stems[static_cast<std::int64_t>(synth::Stem::vocals)];
}

std::string full_mix_caption(std::uint64_t number) {
  const auto song = synth::compose(number, 10.0);
  const auto other = synth::arrange(synth::Dice(number).fork("another band").next(), kEverybody);
  return fmt::format("{}", fmt::join(synth::tags_of(song, other), ", "));
}

double log_mel_db(const at::Tensor& made, const at::Tensor& wanted) {
  return kNepersToDecibel * mel_loss(made, wanted, kRate, 1024, 80).item<double>();
}

}  // namespace headroom::train
