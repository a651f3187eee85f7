#include "audio/load.h"

#include <gtest/gtest.h>

#include "audio/resample.h"
#include "audio/soxr_resampler.h"
#include "expect_error.h"
#include "temp_folder.h"

namespace headroom {
namespace {

at::Tensor noise(std::int64_t channels, std::int64_t samples) {
  at::manual_seed(13);
  return at::rand({channels, samples}).sub_(0.5);
}

std::filesystem::path write(const TempFolder& folder, const char* name, const at::Tensor& audio,
                            int rate) {
  AudioWriter writer(folder / name, rate, static_cast<int>(audio.size(0)));
  writer.write(audio);
  writer.commit();
  return folder / name;
}

TEST(Load, SameRateIsExact) {
  const TempFolder folder;
  const auto audio = noise(2, 200001);
  const auto loaded = load_audio(write(folder, "a.wav", audio, 48000), 48000);
  EXPECT_TRUE(at::equal(loaded, audio));
  EXPECT_TRUE(loaded.is_contiguous());
}

TEST(Load, OtherRatesGoThroughSoxr) {
  const TempFolder folder;
  const auto audio = noise(2, 150000);
  const auto path = write(folder, "a.wav", audio, 44100);
  const auto loaded = load_audio(path, 48000);
  EXPECT_TRUE(at::equal(loaded, soxr_resample(audio, 44100, 48000)));
  EXPECT_TRUE(loaded.is_contiguous());
}

TEST(Load, Channels) {
  const TempFolder folder;
  const auto mono = noise(1, 1000);
  const auto stereo = load_audio(write(folder, "a.wav", mono, 48000), 48000, {.channels = 2});
  EXPECT_TRUE(at::equal(stereo, to_stereo(mono)));
  const auto six = noise(6, 1000);
  const auto path = write(folder, "b.wav", six, 48000);
  EXPECT_TRUE(at::equal(load_audio(path, 48000, {.channels = 1})[0], to_mono(six)));
  EXPECT_EQ(load_audio(path, 48000).size(0), 6);
}

TEST(Load, FilesThatEndEarlyAreContiguousToo) {
  const TempFolder folder;
  const auto audio = noise(2, 100000);
  const auto path = write(folder, "a.flac", audio, 48000);
  const auto whole = load_audio(path, 48000);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) * 6 / 10);
  try {
    const auto cut = load_audio(path, 48000);
    EXPECT_LT(cut.size(1), whole.size(1));
    EXPECT_TRUE(cut.is_contiguous());
    EXPECT_TRUE(at::equal(cut, whole.narrow(1, 0, cut.size(1))));
  } catch (const Error& error) {  // where the decoder reports the damage
    EXPECT_EQ(error.kind(), ErrorKind::input);
  }
}

class CountingProgress : public Progress {
 public:
  void stage(std::string_view name, std::int64_t total) override {
    EXPECT_EQ(name, "decode");
    total_ = total;
  }
  void step() override { ++steps_; }
  std::int64_t total_ = 0;
  std::int64_t steps_ = 0;
};

TEST(Load, ReportsProgressAndRefusesTheEndless) {
  const TempFolder folder;
  const auto path = write(folder, "a.wav", noise(1, 200000), 48000);
  CountingProgress progress;
  load_audio(path, 48000, {}, progress);
  EXPECT_EQ(progress.steps_, progress.total_);
  EXPECT_EQ(progress.total_, 4);
  EXPECT_ERROR(load_audio(path, 48000, {.longest_seconds = 1.0}), ErrorKind::input,
               "longer than 1 s");
}

}  // namespace
}  // namespace headroom
