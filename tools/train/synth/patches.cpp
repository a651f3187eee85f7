// The instruments by their numbers.
#include <cmath>

#include "train/synth/voice.h"

namespace headroom::synth {
namespace {

Patch bass_patch(int sound) {
  switch (sound) {
    case 0:
      return {.wave = Wave::sine, .decay = 1.0, .sustain = 0.9, .cutoff = 6.0};
    case 1:
      return {.wave = Wave::saw,
              .unison = 2,
              .detune = 8,
              .decay = 5.0,
              .sustain = 0.6,
              .cutoff = 4.0,
              .cutoff_sweep = 10.0,
              .resonance = 0.5};
    case 2:
      return {.wave = Wave::string, .decay = 2.5, .sustain = 0.0, .cutoff = 12.0};
    default:
      return {.wave = Wave::sine,
              .fm_ratio = 1.0,
              .fm_index = 2.5,
              .fm_decay = 6.0,
              .decay = 2.0,
              .sustain = 0.6,
              .cutoff = 20.0};
  }
}

Patch chord_patch(int sound) {
  switch (sound) {
    case 0:
      return {.wave = Wave::sine,
              .fm_ratio = 1.0,
              .fm_index = 1.6,
              .fm_decay = 3.0,
              .decay = 1.3,
              .sustain = 0.0,
              .release = 0.15,
              .cutoff = 30.0};
    case 1:
      return {.attack = 0.002,
              .decay = 1.0,
              .sustain = 0.0,
              .release = 0.12,
              .cutoff = 40.0,
              .partials = {1.0, 0.6, 0.42, 0.3, 0.2, 0.16, 0.1, 0.07, 0.05, 0.03},
              .partial_decay = 0.5};
    case 2:
      return {.attack = 0.008,
              .decay = 0.1,
              .sustain = 1.0,
              .release = 0.04,
              .cutoff = 40.0,
              .partials = {1.0, 0.8, 0.6, 0.5, 0.0, 0.35, 0.0, 0.3}};
    case 3:
      return {.wave = Wave::string, .decay = 1.2, .sustain = 0.0, .release = 0.2, .cutoff = 25.0};
    case 4:
      return {.wave = Wave::saw,
              .unison = 3,
              .detune = 18,
              .decay = 6.0,
              .sustain = 0.3,
              .cutoff = 3.0,
              .cutoff_sweep = 9.0,
              .resonance = 0.4};
    default:
      return {.attack = 0.001,
              .decay = 5.0,
              .sustain = 0.0,
              .release = 0.1,
              .cutoff = 40.0,
              .partials = {1.0, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1},
              .partial_decay = 1.0};
  }
}

Patch lead_patch(int sound) {
  switch (sound) {
    case 0:
      return {.wave = Wave::saw,
              .unison = 2,
              .detune = 12,
              .attack = 0.01,
              .sustain = 0.8,
              .cutoff = 8.0,
              .resonance = 0.4,
              .vibrato = 12};
    case 1:
      return {.wave = Wave::square, .attack = 0.005, .sustain = 0.7, .cutoff = 9.0, .vibrato = 8};
    case 2:
      return {.wave = Wave::triangle,
              .attack = 0.05,
              .sustain = 0.9,
              .cutoff = 5.0,
              .noise = 0.05,
              .vibrato = 20};
    case 3:
      return {.wave = Wave::sine,
              .fm_ratio = 3.5,
              .fm_index = 1.8,
              .fm_decay = 4.0,
              .attack = 0.001,
              .decay = 2.0,
              .sustain = 0.0,
              .release = 0.5,
              .cutoff = 40.0};
    default:
      return {.wave = Wave::saw,
              .attack = 0.002,
              .decay = 8.0,
              .sustain = 0.0,
              .release = 0.1,
              .cutoff = 2.0,
              .cutoff_sweep = 12.0,
              .resonance = 0.5};
  }
}

Patch pad_patch(int sound) {
  switch (sound) {
    case 0:
      return {.wave = Wave::saw,
              .unison = 3,
              .detune = 16,
              .attack = 0.5,
              .sustain = 1.0,
              .release = 0.6,
              .cutoff = 2.5,
              .resonance = 0.1};
    case 1:
      return {.wave = Wave::sine,
              .unison = 2,
              .detune = 8,
              .fm_ratio = 2.0,
              .fm_index = 0.8,
              .fm_decay = 0.3,
              .attack = 0.4,
              .sustain = 1.0,
              .release = 0.8,
              .cutoff = 30.0};
    case 2:
      return {.wave = Wave::saw,
              .unison = 3,
              .detune = 22,
              .attack = 0.2,
              .sustain = 1.0,
              .release = 0.3,
              .cutoff = 6.0,
              .resonance = 0.0,
              .vibrato = 10};
    default:
      return {.wave = Wave::triangle,
              .unison = 3,
              .detune = 25,
              .attack = 0.35,
              .sustain = 1.0,
              .release = 0.5,
              .cutoff = 4.0,
              .resonance = 0.6,
              .noise = 0.02,
              .vibrato = 14};
  }
}

}  // namespace

Patch choose_patch(Stem stem, int sound, Dice dice) {
  Patch patch = stem == Stem::bass     ? bass_patch(sound)
                : stem == Stem::chords ? chord_patch(sound)
                : stem == Stem::lead   ? lead_patch(sound)
                                       : pad_patch(sound);
  const auto around = [&](double octaves) { return std::exp2(dice.uniform(-octaves, octaves)); };
  patch.attack *= around(0.7);
  patch.decay *= around(0.5);
  patch.release *= around(0.7);
  patch.cutoff *= around(0.7);
  patch.cutoff_sweep *= around(0.5);
  patch.fm_index *= around(0.4);
  patch.detune *= around(0.5);
  patch.vibrato *= around(0.5);
  for (size_t i = 1; i < patch.partials.size(); ++i) patch.partials[i] *= around(0.5);
  return patch;
}

}  // namespace headroom::synth
