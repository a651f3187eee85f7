#include "train/synth/arrangement.h"

#include <algorithm>
#include <cmath>

#include "train/synth/dice.h"

namespace headroom::synth {
namespace {

size_t sounds_of(Stem stem) {
  switch (stem) {
    case Stem::drums:
      return kKits.size();
    case Stem::bass:
      return kBasses.size();
    case Stem::chords:
      return kChordSounds.size();
    case Stem::lead:
      return kLeads.size();
    case Stem::pad:
      return kPads.size();
    case Stem::vocals:
      return kSingers.size();
  }
  return 1;
}

// How often a stem plays where nobody asks for it.
constexpr std::array<double, kStems> kOften{0.8, 0.8, 0.7, 0.55, 0.5, 0.5};
constexpr std::array<double, kStems> kLoud{1.0, 0.9, 0.65, 0.6, 0.55, 0.9};

void choose_part(Part& part, size_t stem, bool ambient, Dice& dice) {
  part.sound = dice.below(static_cast<int>(sounds_of(static_cast<Stem>(stem))));
  part.gain = kLoud[stem] * std::exp2(dice.uniform(-0.7, 0.5));
  const bool centre = stem <= 1 || static_cast<Stem>(stem) == Stem::vocals;
  part.pan = centre ? 0.0 : dice.uniform(-0.6, 0.6);
  part.reverb = stem == 1 ? 0.0 : dice.uniform(0.02, ambient ? 0.5 : 0.25);
  part.delay = stem >= 3 && dice.chance(0.3) ? dice.uniform(0.1, 0.35) : 0.0;
}

void add_mood(const Song& song, const Arrangement& arrangement, std::vector<std::string>& tags) {
  tags.emplace_back(song.bpm < 95 ? "slow" : song.bpm > 130 ? "fast" : "mid tempo");
  tags.emplace_back(song.minor ? "minor key" : "major key");
  if (arrangement.brightness > 1.5) tags.emplace_back("bright");
  if (arrangement.brightness < -1.5) tags.emplace_back("dark");
  if (arrangement.room > 1.5) tags.emplace_back("spacious");
  if (arrangement.room < 0.5) tags.emplace_back("dry");
  if (arrangement.compression > 0.6) tags.emplace_back("punchy");
}

}  // namespace

Arrangement arrange(std::uint64_t seed) {
  Dice dice = Dice(seed).fork("stems");
  std::array<bool, kStems> plays{};
  for (size_t i = 0; i < kStems; ++i) plays[i] = dice.chance(kOften[i]);
  if (std::none_of(plays.begin(), plays.end(), [](bool one) { return one; }))
    plays[static_cast<size_t>(dice.below(kStems))] = true;
  return arrange(seed, plays);
}

Arrangement arrange(std::uint64_t seed, const std::array<bool, kStems>& plays) {
  Dice dice = Dice(seed).fork("arrangement");
  Arrangement arrangement;
  arrangement.seed = seed;
  arrangement.style = static_cast<Style>(dice.below(static_cast<int>(kStyleNames.size())));
  const bool ambient = arrangement.style == Style::ambient;
  for (size_t i = 0; i < kStems; ++i) {
    auto& part = arrangement.parts[i];
    part.plays = plays[i];
    choose_part(part, i, ambient, dice);
  }
  arrangement.room = ambient ? dice.uniform(1.2, 3.0) : dice.uniform(0.3, 2.0);
  arrangement.brightness = dice.uniform(-4.0, 4.0);
  arrangement.compression = dice.uniform();
  arrangement.level = std::exp2(dice.uniform(-2.5, -0.1));
  return arrangement;
}

std::string_view sound_name(Stem stem, int sound) {
  const auto row = static_cast<size_t>(sound);
  switch (stem) {
    case Stem::drums:
      return kKits.at(row);
    case Stem::bass:
      return kBasses.at(row);
    case Stem::chords:
      return kChordSounds.at(row);
    case Stem::lead:
      return kLeads.at(row);
    case Stem::pad:
      return kPads.at(row);
    case Stem::vocals:
      return kSingers.at(row);
  }
  return "";
}

std::vector<std::string> tags_of(const Song& song, const Arrangement& arrangement) {
  std::vector<std::string> tags;
  std::vector<std::string> sounds;
  for (size_t i = 0; i < kStems; ++i) {
    const auto& part = arrangement.parts[i];
    if (part.plays) sounds.emplace_back(sound_name(static_cast<Stem>(i), part.sound));
  }
  const bool drums = arrangement.part(Stem::drums).plays;
  if (drums && sounds.size() == 1) tags.emplace_back("drums only");
  if (drums || arrangement.part(Stem::bass).plays) {
    tags.emplace_back(kStyleNames[static_cast<size_t>(arrangement.style)]);
  }
  tags.insert(tags.end(), sounds.begin(), sounds.end());
  if (!drums) tags.emplace_back("no drums");
  if (!arrangement.part(Stem::vocals).plays) tags.emplace_back("instrumental");
  add_mood(song, arrangement, tags);
  return tags;
}

}  // namespace headroom::synth
