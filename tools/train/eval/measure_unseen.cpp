#include <array>
#include <cmath>
#include <string>

#include "audio/resample.h"
#include "base/json.h"
#include "train/eval/measure.h"
#include "train/eval/vocals.h"
#include "train/outside/soundfont.h"
#include "train/outside/voices.h"
#include "train/recipes/clips.h"
#include "train/synth/performance.h"
#include "train/synth/render.h"

namespace headroom::train {
namespace {

constexpr std::array<bool, synth::kStems> kEverybody{true, true, true, true, true, true};
constexpr std::array kVoiceNames{"synthesizer", "speech", "singing"};
constexpr double kLouder = 3.0;  // dB that a voice is louder or softer than the instruments

// A held-out song played by a sound font, and somebody's voice in its middle.
Clip unseen_clip(std::uint64_t number, std::string_view voice_name, const MeasureSettings& settings,
                 int rate) {
  const auto song = synth::compose(number, settings.seconds);
  const auto arrangement = synth::arrange(number, kEverybody);
  const auto samples = static_cast<std::int64_t>(settings.seconds * rate);
  auto dice = synth::Dice(number).fork("unseen");
  const auto band =
      play_midi(kUnheardSoundFont, midi_file(song, arrangement), samples, rate, settings.scratch);
  at::Tensor voice;
  if (voice_name == "synthesizer") {
    const auto render =
        synth::render(song, arrangement, static_cast<std::int64_t>(settings.seconds * 48000));
    voice = sinc_resample(render.stems[static_cast<std::int64_t>(synth::Stem::vocals)], 48000, rate)
                .narrow(1, 0, samples);
  } else if (voice_name == "speech") {
    auto speech = dice.fork("speech");
    const auto& speaker = speech.pick(unheard_speakers());
    voice = speak(speaker, sentence, 1.0, speech, samples, rate, settings.scratch).expand({2, -1});
  } else {
    const auto performance = synth::perform(song, arrangement);
    voice = sing(dice.fork("singing").pick(unheard_speakers()), 1.0, song,
                 performance.notes[static_cast<size_t>(synth::Stem::vocals)], samples, rate,
                 settings.scratch)
                .expand({2, -1});
  }
  const double loud = std::pow(10.0, dice.uniform(-kLouder, kLouder) / 20.0);
  voice = voice * (loud * level_of(band) / (level_of(voice) + 1e-9));
  const auto mix = band + voice;
  // As loud as a record, and without clipping.
  const auto gain = 0.7 / (mix.abs().max().item<double>() + 1e-9);
  return {mix * gain, (voice * gain).contiguous()};
}

}  // namespace

nlohmann::json measure_unseen(const studio::ModelFolder& model, const MeasureSettings& settings) {
  const at::NoGradGuard no_grad;
  const auto roformer = model.load_separator();
  const auto ways = ways_to_vocals(roformer);
  nlohmann::json result{{"songs", settings.songs}, {"seconds", settings.seconds}};
  for (const std::string voice : kVoiceNames) {
    VocalGains gains;
    for (std::int64_t i = 0; i < settings.songs; ++i) {
      const auto clip = unseen_clip(kHeldOutSongs + static_cast<std::uint64_t>(i), voice, settings,
                                    roformer.config.sample_rate);
      gains.add(ways, clip.mix, clip.vocals);
    }
    result[voice] = gains.means();
  }
  return result;
}

}  // namespace headroom::train
