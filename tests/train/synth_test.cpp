// The synthesizer: equal bits for equal numbers, stems that sum to the mixture, and key and tempo
// as its tags say, judged by the project's own analysis.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "audio/channels.h"
#include "audio/key.h"
#include "audio/tempo.h"
#include "train/recipes/clips.h"
#include "train/synth/arrangement.h"
#include "train/synth/dice.h"
#include "train/synth/render.h"
#include "train/synth/song.h"

namespace headroom::synth {
namespace {

using Stems = std::array<bool, kStems>;
constexpr Stems kChordsOnly{false, false, true, false, true, false};
constexpr Stems kDrumsOnly{true, false, false, false, false, false};

TEST(Synth, EqualNumbersGiveEqualBits) {
  const auto song = compose(41, 4.0);
  const auto once = render(song, arrange(41), 4 * 48000);
  const auto again = render(compose(41, 4.0), arrange(41), 4 * 48000);
  EXPECT_TRUE(at::equal(once.stems, again.stems));
  EXPECT_TRUE(at::equal(once.mix, again.mix));
  EXPECT_FALSE(at::equal(once.mix, render(compose(42, 4.0), arrange(42), 4 * 48000).mix));
}

TEST(Synth, StemsSumToTheMixAndOnlyPlayersSound) {
  for (const std::uint64_t number : {1ULL, 2ULL, 3ULL}) {
    const auto arrangement = arrange(number);
    const auto render = synth::render(compose(number, 4.0), arrangement, 4 * 48000);
    auto sum = at::zeros_like(render.mix);
    for (size_t i = 0; i < kStems; ++i) {
      const auto stem = render.stems[static_cast<std::int64_t>(i)];
      sum = sum + stem;
      const auto loudest = stem.abs().max().item<float>();
      EXPECT_EQ(loudest > 0.0F, arrangement.parts[i].plays) << kStemNames[i];
    }
    EXPECT_TRUE(at::equal(sum, render.mix));
    const auto peak = render.mix.abs().max().item<double>();
    EXPECT_NEAR(peak, arrangement.level, 1e-3);
  }
}

TEST(Synth, EveryInstrumentSounds) {
  const auto song = compose(7, 6.0);
  for (size_t stem = 0; stem < kStems; ++stem) {
    Stems plays{};
    plays[stem] = true;
    for (int sound = 0; sound < 3; ++sound) {
      auto arrangement = arrange(100 + stem, plays);
      arrangement.parts[stem].sound = sound;
      const auto mix = render(song, arrangement, 6 * 48000).mix;
      EXPECT_TRUE(at::isfinite(mix).all().item<bool>());
      EXPECT_GT(mix.square().mean().sqrt().item<double>(), 0.005)
          << kStemNames[stem] << ' ' << sound_name(static_cast<Stem>(stem), sound);
    }
  }
}

TEST(Synth, TheKeyIsTheSongs) {
  int right = 0;
  constexpr int songs = 10;
  for (int i = 0; i < songs; ++i) {
    const auto number = static_cast<std::uint64_t>(200 + i);
    const auto song = compose(number, 20.0);
    const auto mix = render(song, arrange(number, kChordsOnly), 20 * 48000).mix;
    const auto found = detect_key(to_mono(mix), 48000).index;
    // The relative key has the same notes.
    const int relative = song.minor ? (song.tonic + 3) % 12 : 12 + (song.tonic + 9) % 12;
    right += found == song.key_index() || found == relative ? 1 : 0;
  }
  EXPECT_GE(right, 8);
}

TEST(Synth, TheTempoIsTheSongs) {
  int right = 0;
  constexpr int songs = 8;
  for (int i = 0; i < songs; ++i) {
    const auto number = static_cast<std::uint64_t>(300 + i);
    const auto song = compose(number, 20.0);
    auto arrangement = arrange(number, kDrumsOnly);
    arrangement.style = Style::house;
    const auto found = track_beats(to_mono(render(song, arrangement, 20 * 48000).mix), 48000).bpm;
    for (const double factor : {0.5, 1.0, 2.0})
      right += std::abs(found / (song.bpm * factor) - 1.0) < 0.04 ? 1 : 0;
  }
  EXPECT_GE(right, 7);
}

TEST(Synth, TagsNameWhatPlays) {
  const auto song = compose(5, 4.0);
  const auto has = [](const std::vector<std::string>& tags, const std::string& tag) {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  };
  const auto drums = tags_of(song, arrange(5, kDrumsOnly));
  EXPECT_EQ(drums.front(), "drums only");
  EXPECT_TRUE(has(drums, "instrumental"));
  const auto chords = tags_of(song, arrange(5, kChordsOnly));
  EXPECT_TRUE(has(chords, "no drums"));
  EXPECT_FALSE(has(chords, "drums only"));
  EXPECT_TRUE(has(chords, song.minor ? "minor key" : "major key"));
}

TEST(Synth, ALongerSongBeginsAsTheShorterOne) {
  const auto few = compose(9, 5.0);
  const auto many = compose(9, 50.0);
  ASSERT_LT(few.bars.size(), many.bars.size());
  for (size_t i = 0; i < few.bars.size(); ++i) EXPECT_EQ(few.bars[i].classes, many.bars[i].classes);
  for (size_t i = 0; i + 8 < few.melody.size(); ++i)
    EXPECT_EQ(few.melody[i].pitch, many.melody[i].pitch);
}

TEST(Clips, AWindowDependsOnTheStepAlone) {
  const train::ClipSettings settings{.width = 2, .steps_per_song = 1, .seconds = 1.0};
  train::ClipWindow walked(settings);
  Dice dice(3);
  for (int step = 0; step < 4; ++step) walked.draw(step, dice);
  train::ClipWindow jumped(settings);
  Dice left(17);
  Dice right(17);
  EXPECT_TRUE(at::equal(walked.draw(4, left).mix, jumped.draw(4, right).mix));
}

}  // namespace
}  // namespace headroom::synth
