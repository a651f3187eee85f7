// How a song is played: a style, the instruments that play, and how they are mixed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "train/synth/song.h"

namespace headroom::synth {

enum class Stem : std::uint8_t { drums, bass, chords, lead, pad, vocals };
inline constexpr size_t kStems = 6;
inline constexpr std::array<std::string_view, kStems> kStemNames{"drums", "bass", "chords",
                                                                 "lead",  "pad",  "vocals"};

enum class Style : std::uint8_t { house, techno, hiphop, rock, funk, ballad, ambient, breakbeat };
inline constexpr std::array<std::string_view, 8> kStyleNames{
    "house", "techno", "hip hop", "rock", "funk", "ballad", "ambient", "drum and bass"};

/// Sounds to choose from; the names are what tags call them.
inline constexpr std::array<std::string_view, 4> kKits{"acoustic drums", "electronic drums",
                                                       "808 drums", "lo-fi drums"};
inline constexpr std::array<std::string_view, 4> kBasses{"sub bass", "saw bass", "plucked bass",
                                                         "fm bass"};
inline constexpr std::array<std::string_view, 6> kChordSounds{
    "electric piano", "piano", "organ", "guitar", "synth stabs", "marimba"};
inline constexpr std::array<std::string_view, 5> kLeads{"saw lead", "square lead", "flute", "bells",
                                                        "plucks"};
inline constexpr std::array<std::string_view, 4> kPads{"soft pads", "glass pads", "strings",
                                                       "choir pads"};
inline constexpr std::array<std::string_view, 3> kSingers{"male vocals", "female vocals",
                                                          "spoken vocals"};

struct Part {
  bool plays = false;
  int sound = 0;  // row of the list of its stem
  double gain = 1.0;
  double pan = 0.0;  // −1 … 1
  double reverb = 0.0;
  double delay = 0.0;
};

struct Arrangement {
  std::uint64_t seed = 0;
  Style style = Style::house;
  std::array<Part, kStems> parts;
  double room = 0.5;         // seconds of reverberation
  double brightness = 0.0;   // tilt of the whole, dB at both ends
  double compression = 0.0;  // 0 … 1
  double level = 0.5;        // peak

  const Part& part(Stem stem) const { return parts[static_cast<size_t>(stem)]; }
  Part& part(Stem stem) { return parts[static_cast<size_t>(stem)]; }
};

/// Any style, any instruments; at least one plays.
Arrangement arrange(std::uint64_t seed);
/// The same with the stems that shall play.
Arrangement arrange(std::uint64_t seed, const std::array<bool, kStems>& plays);

/// The name of the sound that a part plays, e.g. "warm pads".
std::string_view sound_name(Stem stem, int sound);

/// What plays, as words: style first ("house", "drums only", …), then sounds, then mood. A part of
/// them, in any order, is what captions are made of.
std::vector<std::string> tags_of(const Song& song, const Arrangement& arrangement);

}  // namespace headroom::synth
