// Songs for tests: composed by rule, written as standard MIDI, played by fluidsynth.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <ATen/ATen.h>

namespace headroom::test {

enum class Style {
  band,     // drums, bass, electric piano, a flute on top
  piano,    // broken chords and a melody
  strings,  // slow chords
};

struct Song {
  Style style = Style::band;
  int bpm = 120;
  int tonic = 0;  // semitones above C
  bool minor = false;
  double seconds = 10.0;
  std::uint32_t seed = 1;  // of the melody
};

/// The song as a standard MIDI file (format 0).
std::string compose_midi(const Song& song);

inline constexpr int kSongRate = 44100;

/// The song as [2, seconds · kSongRate] fp32. Needs fluidsynth and a General MIDI sound font;
/// throws std::runtime_error that says what to install when they are missing.
at::Tensor play(const Song& song);

}  // namespace headroom::test
