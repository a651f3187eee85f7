// What a song is before anybody plays it: key, tempo, chords, melody, syllables.
//
// A song can be played in many arrangements (arrangement.h); that is what the diffusion transformer
// learns covers from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headroom::synth {

/// Times are in beats from the song's start.
struct Note {
  double start = 0.0;
  double length = 0.0;
  int pitch = 0;  // MIDI
  double velocity = 1.0;
  int syllable = -1;  // row of Song::syllables, of sung notes
};

/// The notes of one bar's chord, as pitch classes; the first is the root.
struct Chord {
  std::vector<int> classes;
};

struct Song {
  std::uint64_t seed = 0;
  double bpm = 120.0;
  int tonic = 0;  // pitch class, C = 0
  bool minor = false;
  double swing = 0.0;  // how late the second sixteenth of a pair comes, in beats
  std::vector<Chord> bars;
  std::vector<Note> melody;  // an instrument's
  std::vector<Note> sung;    // a singer's: fewer, longer notes, each with a syllable
  std::vector<std::string> syllables;

  /// As headroom::KeyEstimate counts: tonic, plus 12 in minor.
  int key_index() const { return tonic + (minor ? 12 : 0); }
  double seconds_per_beat() const { return 60.0 / bpm; }
  /// The words as lyrics, a line for every four bars.
  std::string lyrics() const;
};

/// A song of four beats to the bar that lasts at least `seconds`. Equal seeds and durations give
/// equal songs; a longer song begins as the shorter one.
Song compose(std::uint64_t seed, double seconds);

}  // namespace headroom::synth
