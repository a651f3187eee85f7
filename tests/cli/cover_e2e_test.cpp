// `headroom cover` on music of several styles, rates, channel counts and formats.
#include <cmath>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "audio/channels.h"
#include "audio/load.h"
#include "audio/soxr_resampler.h"
#include "cli/workshop.h"
#include "support/music.h"

namespace headroom::test {
namespace {

struct Case {
  Song song;
  int rate;
  int channels;
  const char* extension;
  SampleFormat samples = SampleFormat::automatic;
  double tolerance = 0.0;  // seconds by which a lossy format may lengthen a track
};

std::vector<Case> cases() {
  using enum Style;
  return {
      {{band, 120, 0, false, 12.0}, 44100, 2, ".wav", SampleFormat::pcm16},
      {{piano, 90, 2, true, 2.0}, 22050, 1, ".wav", SampleFormat::pcm24},
      {{strings, 70, 5, false, 20.5}, 48000, 2, ".wav", SampleFormat::float32},
      {{band, 174, 7, true, 7.3}, 96000, 2, ".flac", SampleFormat::pcm24},
      {{piano, 60, 9, false, 5.0}, 32000, 1, ".flac", SampleFormat::pcm16},
      {{strings, 100, 1, true, 4.1}, 88200, 2, ".wav"},
      {{band, 100, 4, false, 6.0}, 44100, 2, ".ogg"},
      {{piano, 120, 3, false, 3.0}, 48000, 2, ".opus"},
      // An MP3 file has its encoder's delay and padding when its header does not tell them.
      {{band, 140, 10, true, 5.0}, 44100, 2, ".mp3", SampleFormat::automatic, 0.1},
  };
}

std::string write_song(const Workshop& shop, const std::string& name, const Case& c) {
  const auto audio = soxr_resample(to_channels(play(c.song), c.channels), kSongRate, c.rate);
  AudioWriter writer(shop / (name + c.extension), c.rate, c.channels, c.samples);
  writer.write(audio);
  writer.commit();
  return name + c.extension;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Cover, IsAsLongAsTheTrackAt48kHz) {
  const Workshop shop;
  int number = 0;
  for (const auto& c : cases()) {
    SCOPED_TRACE(std::to_string(c.rate) + " Hz " + c.extension);
    const auto file = write_song(shop, "song" + std::to_string(number++), c);
    const auto json = shop.run_json({"cover", file, "-o", "out/cover.wav", "-p", "warm tape",
                                     "--model", "model", "--strength", "0.6", "--steps", "4"});
    EXPECT_GT(json.value("peak_memory_bytes", 0.0), 1e7);
    AudioReader reader(shop / "out/cover.wav");
    EXPECT_EQ(reader.format().rate, 48000);
    EXPECT_EQ(reader.format().channels, 2);
    const auto cover = load_audio(shop / "out/cover.wav", 48000);
    EXPECT_NEAR(static_cast<double>(cover.size(1)), c.song.seconds * 48000.0,
                1.0 + c.tolerance * 48000.0);
    EXPECT_TRUE(at::isfinite(cover).all().item<bool>());
    EXPECT_GT(cover.square().mean().item<double>(), 1e-8) << "the cover is silent";
  }
}

TEST(Cover, HearsTempoAndKey) {
  const Workshop shop;
  const Case c{{Style::band, 120, 0, false, 20.0}, 44100, 2, ".wav"};
  const auto file = write_song(shop, "song", c);
  const auto json = shop.run_json({"analyze", file});
  EXPECT_NEAR(json.value("bpm", 0), 120, 2);
  const auto key = json.value("key", "");
  // The relative minor has the same notes.
  EXPECT_TRUE(key == "C major" || key == "A minor") << key;
}

// Promised: equal inputs and settings give equal files from run to run on one machine with one
// --threads. Another thread count may sum matrix products in another order; it stays inaudible.
TEST(Cover, EqualRunsGiveEqualFiles) {
  const Workshop shop;
  const auto cover = [&](const std::string& name, const std::string& threads) {
    shop.run_json({"cover", "song.wav", "-o", "out/" + name, "-p", "choir", "--model", "model",
                   "--seed", "7", "--threads", threads});
    return bytes_of(shop / ("out/" + name));
  };
  const auto first = cover("a.wav", "2");
  EXPECT_FALSE(first.empty());
  EXPECT_TRUE(first == cover("b.wav", "2")) << "two equal runs differ";
  (void)cover("c.wav", "1");
  const auto a = load_audio(shop / "out/a.wav", 48000);
  const auto c = load_audio(shop / "out/c.wav", 48000);
  EXPECT_LT((a - c).abs().max().item<double>(), 1e-2) << "one thread sounds different from two";
}

TEST(Cover, MayReplaceItsSource) {
  const Workshop shop;
  shop.run_json({"cover", "song.wav", "-o", "song.wav", "-p", "choir", "--model", "model"});
  EXPECT_EQ(AudioReader(shop / "song.wav").format().rate, 48000);
}

TEST(Cover, WritesEveryFormat) {
  const Workshop shop;
  for (const std::string extension : {"wav", "flac", "ogg", "opus", "mp3"}) {
    SCOPED_TRACE(extension);
    const auto name = "out/cover." + extension;
    shop.run_json({"cover", "song.wav", "-o", name, "-p", "x", "--model", "model", "--steps", "1"});
    const auto written = load_audio(shop / name, 48000);
    EXPECT_NEAR(static_cast<double>(written.size(1)), 96000.0, 4800.0);
  }
}

}  // namespace
}  // namespace headroom::test
