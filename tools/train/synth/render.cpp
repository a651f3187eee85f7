#include "train/synth/render.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

#include "train/synth/dice.h"
#include "train/synth/drums.h"
#include "train/synth/effects.h"
#include "train/synth/performance.h"
#include "train/synth/singer.h"
#include "train/synth/voice.h"

namespace headroom::synth {
namespace {

// Where the drums of a kit stand, by Drum.
constexpr std::array<double, 8> kDrumPan{0.0, 0.05, 0.0, 0.3, 0.3, -0.3, -0.4, 0.5};
constexpr std::array<double, 8> kDrumLoud{1.0, 0.7, 0.6, 0.3, 0.35, 0.7, 0.3, 0.4};

void add_panned(const std::vector<float>& sound, size_t begin, double loud, double pan,
                Stereo& out) {
  const double angle = (pan + 1.0) * std::numbers::pi / 4.0;
  const auto left = static_cast<float>(loud * std::cos(angle));
  const auto right = static_cast<float>(loud * std::sin(angle));
  for (size_t i = 0; i < sound.size() && begin + i < out.size(); ++i) {
    out.left[begin + i] += left * sound[i];
    out.right[begin + i] += right * sound[i];
  }
}

void play_kit(const std::vector<Hit>& hits, double beat, int kit, const Dice& dice, Stereo& out) {
  std::array<std::vector<float>, 8> sounds;
  for (size_t i = 0; i < sounds.size(); ++i)
    sounds[i] = drum_sound(static_cast<Drum>(i), kit, dice.fork("drum").fork(std::to_string(i)));
  for (const auto& hit : hits) {
    const auto which = static_cast<size_t>(hit.drum);
    const auto begin = static_cast<size_t>(hit.beat * beat * kRate);
    if (begin < out.size())
      add_panned(sounds[which], begin, hit.velocity * kDrumLoud[which], kDrumPan[which], out);
  }
}

void play_notes(const std::vector<Note>& notes, double beat, Stem stem, const Part& part,
                const Dice& dice, Stereo& out) {
  const auto patch = choose_patch(stem, part.sound, dice.fork("patch"));
  // Two groups of notes stand a little apart, which makes chords wide.
  const double wide = stem == Stem::pad ? 0.5 : stem == Stem::chords ? 0.25 : 0.0;
  for (size_t side = 0; side < (wide > 0.0 ? 2U : 1U); ++side) {
    std::vector<float> mono(out.size(), 0.0F);
    for (size_t i = 0; i < notes.size(); ++i) {
      if (wide > 0.0 && i % 2 != side) continue;
      const auto& note = notes[i];
      const double frequency = 440.0 * std::exp2((note.pitch - 69) / 12.0);
      add_note(patch, frequency, note.velocity,
               static_cast<std::int64_t>(note.start * beat * kRate),
               static_cast<std::int64_t>(note.length * beat * kRate),
               dice.fork("note").fork(std::to_string(i)), mono);
    }
    const double pan = part.pan + (side == 0 ? -wide : wide);
    add_panned(mono, 0, 1.0, std::clamp(pan, -1.0, 1.0), out);
  }
}

void level_to(Stereo& sound, double rms_wanted) {
  double sum = 0.0;
  for (size_t i = 0; i < sound.size(); ++i)
    sum += static_cast<double>(sound.left[i]) * sound.left[i] +
           static_cast<double>(sound.right[i]) * sound.right[i];
  const double rms = std::sqrt(sum / (2.0 * static_cast<double>(sound.size())) + 1e-12);
  const auto gain = static_cast<float>(rms < 1e-5 ? 0.0 : rms_wanted / rms);
  for (auto& x : sound.left) x *= gain;
  for (auto& x : sound.right) x *= gain;
}

Stereo play_stem(Stem stem, const Song& song, const Arrangement& arrangement,
                 const Performance& performance, size_t samples) {
  const auto& part = arrangement.part(stem);
  const auto dice = Dice(arrangement.seed).fork(kStemNames[static_cast<size_t>(stem)]);
  const double beat = song.seconds_per_beat();
  Stereo out(samples);
  const auto& notes = performance.notes[static_cast<size_t>(stem)];
  if (stem == Stem::drums) {
    play_kit(performance.hits, beat, part.sound, dice, out);
  } else if (stem == Stem::vocals) {
    std::vector<float> mono(samples, 0.0F);
    sing_notes(notes, song.syllables, beat, part.sound, dice, mono);
    add_panned(mono, 0, 1.0, part.pan, out);
  } else {
    play_notes(notes, beat, stem, part, dice, out);
  }
  level_to(out, 0.1 * part.gain);
  add_echo(out, part.delay, 0.75 * beat);
  add_reverb(out, part.reverb, arrangement.room, dice.fork("room"));
  tilt(out, arrangement.brightness);
  return out;
}

// Compression, limiting and level follow the mix and act on every stem alike, so that the sum stays
// the sum.
void master(const Arrangement& arrangement, std::vector<Stereo>& stems) {
  Stereo mix(stems.front().size());
  for (const auto& stem : stems) {
    for (size_t i = 0; i < mix.size(); ++i) {
      mix.left[i] += stem.left[i];
      mix.right[i] += stem.right[i];
    }
  }
  const auto gain = master_gain(mix, arrangement.compression);
  float peak = 1e-6F;
  for (size_t i = 0; i < mix.size(); ++i)
    peak = std::max(peak, gain[i] * std::max(std::abs(mix.left[i]), std::abs(mix.right[i])));
  const auto level = static_cast<float>(arrangement.level) / peak;
  for (auto& stem : stems) {
    for (size_t i = 0; i < mix.size(); ++i) {
      stem.left[i] *= gain[i] * level;
      stem.right[i] *= gain[i] * level;
    }
  }
}

}  // namespace

Render render(const Song& song, const Arrangement& arrangement, std::int64_t samples) {
  const auto performance = perform(song, arrangement);
  std::vector<Stereo> stems;
  for (size_t i = 0; i < kStems; ++i) {
    stems.push_back(arrangement.parts[i].plays
                        ? play_stem(static_cast<Stem>(i), song, arrangement, performance,
                                    static_cast<size_t>(samples))
                        : Stereo(static_cast<size_t>(samples)));
  }
  master(arrangement, stems);
  Render result{at::empty({static_cast<std::int64_t>(kStems), 2, samples}, at::kFloat), {}};
  float* out = result.stems.data_ptr<float>();
  for (const auto& stem : stems) {
    out = std::copy(stem.left.begin(), stem.left.end(), out);
    out = std::copy(stem.right.begin(), stem.right.end(), out);
  }
  result.mix = result.stems[0].clone();
  for (std::int64_t i = 1; i < static_cast<std::int64_t>(kStems); ++i)
    result.mix.add_(result.stems[i]);
  return result;
}

}  // namespace headroom::synth
