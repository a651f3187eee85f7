// One note of a pitched instrument: oscillators, a filter, an envelope.
#pragma once

#include <span>
#include <vector>

#include "train/synth/arrangement.h"
#include "train/synth/dice.h"

namespace headroom::synth {

inline constexpr double kRate = 48000.0;

enum class Wave : std::uint8_t { sine, saw, square, triangle, string };

/// A sound, as numbers. Frequencies of the filter are multiples of the note's frequency.
struct Patch {
  Wave wave = Wave::saw;
  int unison = 1;
  double detune = 0.0;    // cents between the outermost of the unison
  double fm_ratio = 0.0;  // 0: none
  double fm_index = 0.0;  // at the start of a note
  double fm_decay = 3.0;  // per second
  double attack = 0.005;  // seconds
  double decay = 2.0;     // per second, towards sustain
  double sustain = 0.7;
  double release = 0.08;  // seconds
  double cutoff = 8.0;
  double cutoff_sweep = 0.0;  // added at the start of a note, falls with `decay`
  double resonance = 0.3;     // 0 … 0.95
  double noise = 0.0;
  double vibrato = 0.0;               // cents
  std::vector<double> partials = {};  // amplitudes of harmonics, in place of the wave
  double partial_decay = 0.0;         // per second and harmonic
};

/// The patch of a sound with the small differences that one instrument has from the next.
Patch choose_patch(Stem stem, int sound, Dice dice);

/// Adds a note that begins at sample `begin` of `out` and is held for `length` samples; the release
/// follows. A note that begins outside of `out` is left out.
void add_note(const Patch& patch, double frequency, double velocity, std::int64_t begin,
              std::int64_t length, Dice dice, std::span<float> out);

}  // namespace headroom::synth
