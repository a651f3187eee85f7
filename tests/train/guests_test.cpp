// What the separator's training takes from other programs: recordings in a folder, and words that
// any voice can say.
#include "train/recipes/guests.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "audio/file.h"
#include "base/error.h"
#include "temp_folder.h"
#include "train/outside/voices.h"

namespace headroom::train {
namespace {

constexpr auto kLength = static_cast<std::int64_t>(kGuestSeconds * kGuestRate);

// A ramp whose steepness names the song and the part, so that every sample tells where it is from.
void write_ramp(const std::filesystem::path& path, double end) {
  AudioWriter writer(path, kGuestRate, 2, SampleFormat::pcm16);
  writer.write(at::linspace(0.0, end, kLength).expand({2, -1}).contiguous());
  writer.commit();
}

void write_song(const std::filesystem::path& folder, const std::string& number, double end) {
  write_ramp(folder / (number + "-speech.wav"), -end);
  write_ramp(folder / (number + "-singing.wav"), end);
  write_ramp(folder / (number + "-band.wav"), 0.5 * end);
}

double ends_at(const at::Tensor& piece) {
  const double step = (piece[0][-1] - piece[0][0]).item<double>();
  return step * static_cast<double>(kLength - 1) / static_cast<double>(piece.size(1) - 1);
}

TEST(Guests, AFolderWithoutSongsIsRefused) {
  const TempFolder folder;
  EXPECT_THROW(Guests(folder.path()), Error);
  EXPECT_THROW(Guests(folder.path() / "nowhere"), Error);
  // A song whose band is missing was cut off while it was recorded.
  write_ramp(folder.path() / "00000-speech.wav", 0.5);
  EXPECT_THROW(Guests(folder.path()), Error);
}

TEST(Guests, SingingComesWithItsOwnBandAndSpeechWithAny) {
  const TempFolder folder;
  write_song(folder.path(), "00000", 0.4);
  write_song(folder.path(), "00001", 0.8);
  const Guests guests(folder.path());
  EXPECT_EQ(guests.songs(), 2U);
  synth::Dice dice(7);
  int speeches = 0;
  int strangers = 0;
  for (int i = 0; i < 40; ++i) {
    const auto [voice, band] = guests.draw(dice, kGuestRate);
    ASSERT_EQ(voice.sizes(), (at::IntArrayRef{2, kGuestRate}));
    ASSERT_EQ(band.sizes(), (at::IntArrayRef{2, kGuestRate}));
    const double song = 2.0 * ends_at(band);
    const double sung = ends_at(voice);
    if (sung < 0.0) {
      ++speeches;
      strangers += std::abs(-sung - song) > 0.1 ? 1 : 0;
    } else {
      EXPECT_NEAR(sung, song, 0.01) << "a song's singing over another song's band";
      // Both from one place.
      EXPECT_NEAR(voice[0][0].item<double>(), 2.0 * band[0][0].item<double>(), 0.001);
    }
  }
  EXPECT_GT(speeches, 8);
  EXPECT_LT(speeches, 32);
  EXPECT_GT(strangers, 2);
}

TEST(Guests, NonsenseIsWordsAndNeverTheSame) {
  synth::Dice dice(1);
  const auto first = nonsense(dice);
  EXPECT_TRUE(first.ends_with("."));
  EXPECT_GE(std::count(first.begin(), first.end(), ' '), 3);
  EXPECT_NE(first, nonsense(dice));
  synth::Dice again(1);
  EXPECT_EQ(first, nonsense(again));
}

}  // namespace
}  // namespace headroom::train
