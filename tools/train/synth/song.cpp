#include "train/synth/song.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "train/synth/dice.h"

namespace headroom::synth {
namespace {

constexpr std::array<int, 7> kMajor{0, 2, 4, 5, 7, 9, 11};
constexpr std::array<int, 7> kMinor{0, 2, 3, 5, 7, 8, 10};

using Progression = std::array<int, 4>;  // scale degrees, one a bar
constexpr std::array<Progression, 10> kMajorProgressions{{{0, 4, 5, 3},
                                                          {0, 5, 3, 4},
                                                          {0, 3, 4, 0},
                                                          {0, 3, 0, 4},
                                                          {5, 3, 0, 4},
                                                          {0, 2, 3, 4},
                                                          {0, 0, 3, 4},
                                                          {0, 1, 4, 0},
                                                          {0, 5, 1, 4},
                                                          {3, 4, 0, 0}}};
constexpr std::array<Progression, 10> kMinorProgressions{{{0, 5, 2, 6},
                                                          {0, 3, 4, 0},
                                                          {0, 6, 5, 4},
                                                          {0, 5, 6, 0},
                                                          {0, 3, 6, 2},
                                                          {0, 0, 5, 6},
                                                          {0, 2, 5, 4},
                                                          {0, 4, 5, 3},
                                                          {0, 0, 3, 3},
                                                          {0, 6, 3, 4}}};

const std::vector<std::string> kSyllables{
    "la",  "na",   "da",  "no",   "me",  "you", "see", "so",  "go",   "oh",  "ah",
    "hey", "moon", "sun", "sea",  "day", "way", "sky", "low", "feel", "run", "one",
    "all", "now",  "ray", "tree", "two", "she", "say", "key", "ho",   "ma",  "ba",
    "too", "lu",   "mi",  "fa",   "sol", "ti",  "ya",  "wo",  "night"};

int scale_pitch(const Song& song, int degree) {
  const int octave = degree >= 0 ? degree / 7 : -((6 - degree) / 7);
  const auto step = static_cast<size_t>(degree - 7 * octave);
  return song.tonic + 12 * octave + (song.minor ? kMinor : kMajor)[step];
}

Chord chord_of(const Song& song, int degree, Dice& dice) {
  Chord chord;
  const int notes = dice.chance(0.3) ? 4 : 3;
  for (int i = 0; i < notes; ++i) chord.classes.push_back(scale_pitch(song, degree + 2 * i) % 12);
  // The leading note makes a minor key's dominant what it is.
  if (song.minor && degree == 4) chord.classes[1] = (song.tonic + 11) % 12;
  return chord;
}

// The degree near `around` that the chord holds, so that strong beats agree with the harmony.
int nearest_chord_degree(const Song& song, const Chord& chord, int around) {
  for (int distance = 0; distance < 4; ++distance) {
    for (const int degree : {around + distance, around - distance}) {
      const int pitch_class = ((scale_pitch(song, degree) % 12) + 12) % 12;
      for (const int one : chord.classes)
        if (one == pitch_class) return degree;
    }
  }
  return around;
}

struct Phrasing {
  std::vector<double> lengths;  // of notes, in beats
  double rests;                 // probability that a place stays empty
  int lowest, highest;          // scale degrees about the middle
};

// A line over the chords: two bars of rhythm, repeated with new pitches.
std::vector<Note> write_line(const Song& song, const Phrasing& phrasing, int base, Dice dice) {
  std::vector<std::pair<double, double>> rhythm;
  for (double at = 0.0; at < 8.0;) {
    const double length = std::min(dice.pick(phrasing.lengths), 8.0 - at);
    if (!dice.chance(phrasing.rests)) rhythm.emplace_back(at, length);
    at += length;
  }
  std::vector<Note> notes;
  int degree = dice.below(5);
  for (size_t bar = 0; bar < song.bars.size(); ++bar) {
    for (const auto& [at, length] : rhythm) {
      if (static_cast<size_t>(at / 4.0) != bar % 2) continue;
      degree += dice.below(5) - 2;
      degree = std::clamp(degree, phrasing.lowest, phrasing.highest);
      if (std::fmod(at, 2.0) == 0.0) degree = nearest_chord_degree(song, song.bars[bar], degree);
      const double beat = 4.0 * static_cast<double>(bar) + std::fmod(at, 4.0);
      notes.push_back({beat, length, base + scale_pitch(song, degree), dice.uniform(0.7, 1.0)});
    }
  }
  return notes;
}

void add_words(Song& song, Dice dice) {
  std::vector<std::string> words;
  const int count = 4 + dice.below(8);
  words.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) words.push_back(dice.pick(kSyllables));
  song.syllables = words;
  for (size_t i = 0; i < song.sung.size(); ++i)
    song.sung[i].syllable = static_cast<int>(i % words.size());
}

}  // namespace

std::string Song::lyrics() const {
  std::string text;
  int line = 0;
  for (const auto& note : sung) {
    const int of = static_cast<int>(note.start) / 16;
    if (!text.empty()) text += of != line ? "\n" : " ";
    line = of;
    text += syllables[static_cast<size_t>(note.syllable)];
  }
  return text;
}

Song compose(std::uint64_t seed, double seconds) {
  Dice dice = Dice(seed).fork("song");
  Song song;
  song.seed = seed;
  song.bpm = std::round(dice.uniform(70.0, 160.0));
  song.tonic = dice.below(12);
  song.minor = dice.chance(0.5);
  song.swing = dice.chance(0.25) ? dice.uniform(0.03, 0.08) : 0.0;
  const auto& all = song.minor ? kMinorProgressions : kMajorProgressions;
  const std::array<Progression, 2> parts{dice.pick(all), dice.pick(all)};
  std::array<std::vector<Chord>, 2> chords;
  for (size_t part = 0; part < 2; ++part)
    for (const int degree : parts[part]) chords[part].push_back(chord_of(song, degree, dice));
  const auto bars = static_cast<size_t>(std::ceil(seconds / (4.0 * song.seconds_per_beat()))) + 1;
  for (size_t bar = 0; bar < bars; ++bar) {
    // Eight bars of the first part, eight of the second.
    song.bars.push_back(chords[(bar / 8) % 2][bar % 4]);
  }
  const Phrasing quick{{0.25, 0.5, 0.5, 0.5, 1.0, 1.5}, 0.2, -2, 9};
  const Phrasing calm{{0.5, 0.5, 1.0, 1.0, 1.5, 2.0}, 0.25, -3, 6};
  song.melody = write_line(song, quick, 60 + (song.tonic > 6 ? 0 : 12) - 0, dice.fork("melody"));
  song.sung = write_line(song, calm, song.tonic > 5 ? 48 : 60, dice.fork("sung"));
  add_words(song, dice.fork("words"));
  return song;
}

}  // namespace headroom::synth
