#include "train/recipes/captions.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "audio/key.h"
#include "train/recipes/clips.h"
#include "train/recipes/covers.h"

namespace headroom::train {
namespace {

// Words that people use for what the arranger calls otherwise.
struct Synonym {
  const char* tag;
  std::array<const char*, 3> others;
};
constexpr std::array<Synonym, 14> kSynonyms{{
    {"drums only", {"just drums", "only drums", "drum solo"}},
    {"soft pads", {"warm pads", "warm soft pads", "ambient pads"}},
    {"glass pads", {"crystal pads", "shimmering pads", "airy pads"}},
    {"strings", {"string section", "orchestral strings", "lush strings"}},
    {"electric piano", {"rhodes", "e-piano", "soft keys"}},
    {"synth stabs", {"synth chords", "stabs", "rave stabs"}},
    {"saw lead", {"synth lead", "trance lead", "bright lead"}},
    {"square lead", {"chiptune lead", "8-bit lead", "hollow lead"}},
    {"acoustic drums", {"live drums", "drum kit", "real drums"}},
    {"electronic drums", {"drum machine", "909 drums", "club drums"}},
    {"sub bass", {"deep bass", "808 bass", "low bass"}},
    {"female vocals", {"female singer", "woman singing", "soprano voice"}},
    {"male vocals", {"male singer", "man singing", "baritone voice"}},
    {"drum and bass", {"dnb", "jungle", "breakbeat"}},
}};

std::string spoken(const std::string& tag, synth::Dice& dice) {
  for (const auto& [name, others] : kSynonyms)
    if (tag == name && dice.chance(0.35)) return dice.pick(others);
  return tag;
}

std::string caption_of(std::vector<std::string> tags, synth::Dice& dice) {
  const auto first = tags.front();
  const double keep = dice.uniform(0.4, 1.0);
  std::erase_if(tags, [&](const std::string& tag) { return tag != first && !dice.chance(keep); });
  if (dice.chance(0.7)) {
    for (size_t i = tags.size(); i > 1; --i)
      std::swap(tags[i - 1], tags[static_cast<size_t>(dice.below(static_cast<int>(i)))]);
  }
  std::string caption;
  const bool prose = dice.chance(0.2);
  for (size_t i = 0; i < tags.size(); ++i) {
    if (i > 0) caption += !prose ? ", " : i == 1 ? " with " : " and ";
    caption += spoken(tags[i], dice);
  }
  return caption;
}

}  // namespace

studio::Prompt prompt_of(const synth::Song& song, const synth::Arrangement& arrangement,
                         synth::Dice& dice) {
  studio::Prompt prompt;
  prompt.caption = caption_of(synth::tags_of(song, arrangement), dice);
  prompt.bpm = static_cast<int>(song.bpm);
  prompt.key = key_name(song.key_index());
  prompt.duration = std::round(dice.uniform(10.0, 240.0));
  if (arrangement.part(synth::Stem::vocals).plays && dice.chance(0.7))
    prompt.lyrics = "[Verse]\n" + song.lyrics();
  return prompt;
}

std::vector<std::string> sample_texts(std::int64_t songs) {
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < songs; ++i) {
    const auto number = kTrainingSongs + static_cast<std::uint64_t>(i);
    auto dice = synth::Dice(number).fork("text");
    const auto song = synth::compose(number, 10.0);
    for (const auto& arrangement : arrangements_of(number)) {
      const auto prompt = prompt_of(song, arrangement, dice);
      texts.push_back(studio::text_prompt(prompt));
      texts.push_back(studio::lyric_prompt(prompt));
    }
  }
  return texts;
}

}  // namespace headroom::train
