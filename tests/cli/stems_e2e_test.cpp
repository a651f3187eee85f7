// `headroom stems`: two stems in the form of the file, which together are the file.
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "audio/channels.h"
#include "audio/load.h"
#include "audio/resample.h"
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
};

std::vector<Case> cases() {
  using enum Style;
  return {
      {{band, 120, 0, false, 11.0}, 44100, 2, ".wav"},
      {{piano, 90, 2, true, 2.0}, 22050, 1, ".wav"},
      {{strings, 70, 5, false, 9.0}, 48000, 2, ".flac"},
      {{band, 174, 7, true, 4.3}, 96000, 2, ".wav"},
      {{piano, 60, 9, false, 3.0}, 32000, 1, ".flac"},
      {{strings, 100, 1, true, 3.1}, 88200, 2, ".wav"},
      {{band, 100, 4, false, 3.0}, 44100, 2, ".mp3"},
      {{piano, 120, 3, false, 3.0}, 48000, 2, ".opus"},
      {{band, 110, 3, false, 3.0}, 44100, 1, ".ogg"},
  };
}

std::string write_song(const Workshop& shop, const std::string& name, const Case& c) {
  const auto audio = soxr_resample(to_channels(play(c.song), c.channels), kSongRate, c.rate);
  AudioWriter writer(shop / (name + c.extension), c.rate, c.channels);
  writer.write(audio);
  writer.commit();
  return name + c.extension;
}

at::Tensor stem(const Workshop& shop, const nlohmann::json& json, const char* name, int rate) {
  const auto file = shop.path() / json["stems"].value(name, "");
  EXPECT_EQ(AudioReader(file).format().rate, rate);
  return load_audio(file, rate);
}

// What the trip to the network's rate and back leaves of a mixture.
at::Tensor there_and_back(const at::Tensor& mixture, int rate) {
  constexpr int network = 44100;
  const auto back =
      sinc_resample(sinc_resample(mixture, rate, network).contiguous(), network, rate);
  return back.narrow(1, 0, mixture.size(1));
}

TEST(Stems, HaveTheFormOfTheFileAndSumToIt) {
  const Workshop shop;
  int number = 0;
  for (const auto& c : cases()) {
    SCOPED_TRACE(std::to_string(c.rate) + " Hz, " + std::to_string(c.channels) + " channels, " +
                 c.extension);
    const auto file = write_song(shop, "song" + std::to_string(number++), c);
    const auto json = shop.run_json({"stems", file, "-o", "out/deep/stems", "--model", "model"});
    EXPECT_GT(json.value("peak_memory_bytes", 0.0), 1e7);
    const auto mixture = load_audio(shop / file, c.rate);
    const auto vocals = stem(shop, json, "vocals", c.rate);
    const auto instruments = stem(shop, json, "instruments", c.rate);
    EXPECT_EQ(vocals.sizes(), mixture.sizes());
    EXPECT_EQ(instruments.sizes(), mixture.sizes());
    const auto sum = vocals + instruments;
    EXPECT_TRUE(at::isfinite(sum).all().item<bool>());
    EXPECT_GT(vocals.square().mean().item<double>(), 0.0) << "the vocals are silent";
    EXPECT_GT(instruments.square().mean().item<double>(), 0.0) << "the instruments are silent";
    const double scale = std::max(mixture.abs().max().item<double>(), 1e-3);
    // Elsewhere than at the network's rate the sum is what two resamplings leave of the mixture.
    const auto expected = c.rate == 44100 ? mixture : there_and_back(mixture, c.rate);
    const double limit = c.rate == 44100 ? 1e-6 : 1e-5;
    EXPECT_LT((sum - expected).abs().max().item<double>(), limit * scale);
  }
}

TEST(Stems, EqualRunsGiveEqualFiles) {
  const Workshop shop;
  const auto bytes = [&](const std::string& folder) {
    const auto json =
        shop.run_json({"stems", "song.wav", "-o", folder, "--model", "model", "--threads", "2"});
    std::ifstream file(shop.path() / json["stems"].value("vocals", ""), std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  };
  const auto first = bytes("out/a");
  EXPECT_FALSE(first.empty());
  EXPECT_TRUE(first == bytes("out/b")) << "two equal runs differ";
}

TEST(Stems, WriteEveryFormatAndTakeTheSeparatorFileAlone) {
  const Workshop shop;
  std::filesystem::path separator;
  for (const auto& entry : std::filesystem::directory_iterator(shop / "model/MelBandRoFormer")) {
    if (entry.path().extension() == ".safetensors") separator = entry.path();
  }
  for (const std::string extension : {"wav", "flac", "ogg", "opus", "mp3"}) {
    SCOPED_TRACE(extension);
    const auto rate = extension == "opus" ? "48000" : "44100";
    const Case c{{Style::piano, 120, 0, false, 2.0}, std::atoi(rate), 2, ".wav"};
    const auto file = write_song(shop, "for-" + extension, c);
    const auto json = shop.run_json(
        {"stems", file, "-o", "out", "--format", extension, "--model", separator.string()});
    EXPECT_TRUE(std::filesystem::exists(shop.path() / json["stems"].value("vocals", "")));
  }
}

}  // namespace
}  // namespace headroom::test
