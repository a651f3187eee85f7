#include "train/recipes/clips.h"

#include <cmath>

#include "audio/resample.h"
#include "train/synth/arrangement.h"
#include "train/synth/render.h"
#include "train/synth/song.h"
#include "train/synth/voice.h"

namespace headroom::train {
namespace {

constexpr int kStrings = 2;  // row of synth::kPads

}  // namespace

double level_of(const at::Tensor& audio) { return std::sqrt(audio.square().mean().item<double>()); }

Clip render_clip(std::uint64_t number, const ClipSettings& settings) {
  const auto song = synth::compose(number, settings.seconds);
  auto arrangement = synth::arrange(number);
  if (settings.sung >= 0.0) {
    std::array<bool, synth::kStems> plays{};
    for (size_t i = 0; i < plays.size(); ++i) plays[i] = arrangement.parts[i].plays;
    plays[static_cast<size_t>(synth::Stem::vocals)] =
        synth::Dice(number).fork("sung").uniform() < settings.sung;
    arrangement = synth::arrange(number, plays);
    auto& pad = arrangement.part(synth::Stem::pad);
    if (synth::sound_name(synth::Stem::pad, pad.sound) == "choir pads") pad.sound = kStrings;
  }
  const auto render =
      synth::render(song, arrangement, static_cast<std::int64_t>(settings.seconds * synth::kRate));
  const auto voice = render.stems[static_cast<std::int64_t>(synth::Stem::vocals)];
  if (settings.rate == 48000) return {render.mix, voice.clone()};
  return {sinc_resample(render.mix, 48000, settings.rate),
          sinc_resample(voice, 48000, settings.rate)};
}

const Clip& ClipWindow::draw(std::int64_t step, synth::Dice& dice) {
  const auto oldest = step / settings_.steps_per_song;
  clips_.erase(clips_.begin(), clips_.lower_bound(oldest));
  const auto number = oldest + dice.below(static_cast<int>(settings_.width));
  const auto found = clips_.find(number);
  if (found != clips_.end()) return found->second;
  return clips_[number] =
             render_clip(kTrainingSongs + static_cast<std::uint64_t>(number), settings_);
}

}  // namespace headroom::train
