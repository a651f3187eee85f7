#include "audio/file.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/text.h"
#include "expect_error.h"
#include "temp_folder.h"

namespace headroom {
namespace {

namespace fs = std::filesystem;

// Two tones and a bit of noise per channel, well below full scale, so that every coder likes it.
at::Tensor music(std::int64_t channels, std::int64_t samples, int rate) {
  at::manual_seed(11);
  auto audio = at::randn({channels, samples}).mul_(1e-3);
  const auto t = at::arange(samples, at::kDouble) / rate;
  for (std::int64_t c = 0; c < channels; ++c) {
    audio[c].add_(((t * (2 * M_PI * (220.0 + 30.0 * static_cast<double>(c)))).sin() * 0.3 +
                   (t * (2 * M_PI * 1000.0)).sin() * 0.1)
                      .to(at::kFloat));
  }
  return audio;
}

at::Tensor read_all(const fs::path& path, std::int64_t block = 1 << 16) {
  AudioReader reader(path);
  std::vector<at::Tensor> pieces;
  for (auto piece = reader.read(block); piece.size(1) > 0; piece = reader.read(block)) {
    pieces.push_back(piece);
  }
  return at::cat(pieces, 1);
}

double snr_db(const at::Tensor& signal, const at::Tensor& copy) {
  const auto noise = (copy - signal).to(at::kDouble).square().sum().item<double>();
  return 10.0 * std::log10(signal.to(at::kDouble).square().sum().item<double>() / (noise + 1e-30));
}

struct RoundTrip {
  const char* name;
  SampleFormat samples;
  int rate;
  int channels;
  double least_snr_db;
};

void PrintTo(const RoundTrip& trip, std::ostream* out) {
  *out << trip.name << " at " << trip.rate << " Hz, " << trip.channels << " channels";
}

class FileRoundTrip : public testing::TestWithParam<RoundTrip> {};

TEST_P(FileRoundTrip, KeepsTheSound) {
  const auto& trip = GetParam();
  const TempFolder folder;
  const auto audio = music(trip.channels, trip.rate + 123, trip.rate);
  AudioWriter writer(folder / trip.name, trip.rate, trip.channels, trip.samples);
  for (std::int64_t at = 0; at < audio.size(1); at += 5000) {
    writer.write(audio.narrow(1, at, std::min<std::int64_t>(5000, audio.size(1) - at)));
  }
  EXPECT_EQ(writer.frames(), audio.size(1));
  EXPECT_FALSE(fs::exists(folder / trip.name));
  writer.commit();

  const AudioReader reader(folder / trip.name);
  EXPECT_EQ(reader.format().rate, trip.rate);
  EXPECT_EQ(reader.format().channels, trip.channels);
  EXPECT_EQ(reader.format().frames, audio.size(1));
  const auto copy = read_all(folder / trip.name);
  ASSERT_EQ(copy.sizes(), audio.sizes());
  EXPECT_GT(snr_db(audio, copy), trip.least_snr_db);
  EXPECT_TRUE(at::equal(read_all(folder / trip.name, 777), copy));
}

INSTANTIATE_TEST_SUITE_P(
    Formats, FileRoundTrip,
    testing::Values(RoundTrip{"a.wav", SampleFormat::automatic, 48000, 2, 250.0},
                    RoundTrip{"a.wav", SampleFormat::float32, 44100, 1, 250.0},
                    RoundTrip{"a.wav", SampleFormat::pcm24, 96000, 2, 120.0},
                    RoundTrip{"a.WAV", SampleFormat::pcm16, 1000, 3, 80.0},
                    RoundTrip{"a.wav", SampleFormat::automatic, 48000, 64, 250.0},
                    RoundTrip{"a.wav", SampleFormat::automatic, 768000, 2, 250.0},
                    RoundTrip{"a.flac", SampleFormat::automatic, 48000, 2, 120.0},
                    RoundTrip{"a.flac", SampleFormat::pcm16, 44100, 8, 80.0},
                    RoundTrip{"a.ogg", SampleFormat::automatic, 48000, 2, 20.0},
                    RoundTrip{"a.ogg", SampleFormat::automatic, 22050, 1, 20.0},
                    RoundTrip{"a.opus", SampleFormat::automatic, 48000, 2, 20.0},
                    RoundTrip{"a.opus", SampleFormat::automatic, 16000, 1, 15.0},
                    RoundTrip{"a.mp3", SampleFormat::automatic, 48000, 2, 20.0},
                    RoundTrip{"a.mp3", SampleFormat::automatic, 44100, 1, 20.0}));

TEST(FileWriter, NothingAppearsWithoutCommit) {
  const TempFolder folder;
  {
    AudioWriter writer(folder / "a.wav", 48000, 2);
    writer.write(music(2, 1000, 48000));
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(FileWriter, SameSamplesGiveTheSameBytes) {
  const TempFolder folder;
  for (const char* extension : {"wav", "flac"}) {
    std::vector<std::string> bytes;
    for (const char* name : {"a.", "b."}) {
      const auto path = folder / (std::string(name) + extension);
      AudioWriter writer(path, 48000, 2);
      writer.write(music(2, 10000, 48000));
      writer.commit();
      bytes.push_back(read_text_file(path, 1 << 20));
    }
    EXPECT_EQ(bytes[0], bytes[1]) << extension;
  }
}

TEST(FileWriter, IntegersClipAtFullScale) {
  const TempFolder folder;
  AudioWriter writer(folder / "a.wav", 48000, 1, SampleFormat::pcm16);
  writer.write(at::tensor({2.0F, -2.0F, 0.5F}).unsqueeze(0));
  writer.commit();
  const auto copy = read_all(folder / "a.wav");
  EXPECT_NEAR(copy[0][0].item<float>(), 1.0, 1e-4);
  EXPECT_NEAR(copy[0][1].item<float>(), -1.0, 1e-4);
  EXPECT_NEAR(copy[0][2].item<float>(), 0.5, 1e-4);
}

TEST(FileReader, NamesTheFormat) {
  const TempFolder folder;
  AudioWriter writer(folder / "a.flac", 48000, 2);
  writer.write(music(2, 1000, 48000));
  writer.commit();
  EXPECT_NE(AudioReader(folder / "a.flac").format().name.find("FLAC"), std::string::npos);
}

TEST(FileReader, BadSamplesCanBeSilenced) {
  const TempFolder folder;
  // Header of a WAV float file and three samples: 0.5, NaN, −inf.
  AudioWriter writer(folder / "a.wav", 48000, 1);
  writer.write(at::tensor({0.5F, 0.25F, 0.125F}).unsqueeze(0));
  writer.commit();
  auto bytes = read_text_file(folder / "a.wav", 1 << 20);
  const auto end = bytes.size();
  bytes.replace(end - 8, 8, std::string("\x00\x00\xc0\x7f\x00\x00\x80\xff", 8));
  folder.write("bad.wav", bytes);
  AudioReader strict(folder / "bad.wav");
  EXPECT_ERROR(strict.read(10), ErrorKind::input, "sample 1 of channel 1 is not a number");
  AudioReader lenient(folder / "bad.wav", BadSamples::silence);
  EXPECT_TRUE(at::equal(lenient.read(10)[0], at::tensor({0.5F, 0.0F, 0.0F})));
}

}  // namespace
}  // namespace headroom
