#include "session/playback.h"

#include <gtest/gtest.h>

#include "diffusion/noise.h"

namespace headroom::session {
namespace {

constexpr std::int64_t kFrames = 250;  // ten seconds
constexpr std::int64_t kHop = 1920;

at::Tensor level(float value, std::int64_t samples) { return at::full({2, samples}, value); }

// A decoder that says its own level whatever the latent holds.
DecodeWindow decoding(float value) {
  return [value](const studio::Window& window) { return level(value, window.keep_count * kHop); };
}

TEST(PlaybackBuffer, AWindowIsWrittenAheadOfTheListenerAndFaded) {
  Playback playback(level(0.0F, kFrames * kHop));
  const auto slices =
      playback.write_ahead(kFrames, {.heard = 2.0, .lead = 0.5, .window = 0.36}, decoding(1.0F));
  ASSERT_EQ(slices.size(), 1U);
  EXPECT_NEAR(slices[0].start, 2.5 * 48000, kHop);
  const auto& samples = *slices[0].samples;
  EXPECT_NEAR(static_cast<double>(samples.size()), 2 * 0.36 * 48000, 2 * kHop);
  EXPECT_LT(samples.front(), 0.01F) << "it fades in over what was there";
  EXPECT_LT(samples.back(), 0.01F) << "it fades out into what was there";
  EXPECT_EQ(samples[samples.size() / 2], 1.0F);
  EXPECT_EQ(playback.samples()[slices[0].start * 2 + samples.size() / 2], 1.0F);
}

TEST(PlaybackBuffer, AroundTheEndOfTheBuffer) {
  Playback playback(level(0.0F, kFrames * kHop));
  const auto slices =
      playback.write_ahead(kFrames, {.heard = 9.9, .lead = 0.5, .window = 0.36}, decoding(1.0F));
  ASSERT_EQ(slices.size(), 1U);
  EXPECT_LT(slices[0].start, 48000U) << "the buffer is a loop";
  for (const auto& slice : slices)
    EXPECT_LE(slice.start + slice.samples->size() / 2, static_cast<std::size_t>(playback.frames()));
}

TEST(PlaybackBuffer, ABandIsNeverLeftAndItsBeginningIsWrittenToo) {
  for (double heard = 3.0; heard < 4.0; heard += 0.05) {
    Playback playback(level(0.0F, kFrames * kHop));
    const diffusion::LoopBand band{3.0, 4.0};
    const auto slices = playback.write_ahead(
        kFrames, {.heard = heard, .lead = 0.3, .window = 0.36, .band = band}, decoding(1.0F));
    for (const auto& slice : slices) {
      EXPECT_GE(slice.start, 3 * 48000U - kHop) << heard;
      EXPECT_LE(slice.start + slice.samples->size() / 2, 4 * 48000U) << heard;
    }
    EXPECT_LE(slices.size(), 2U);
  }
}

TEST(PlaybackBuffer, AChunkOfALongSongIsWrittenWhereItBelongs) {
  Playback playback(level(0.0F, 4 * kFrames * kHop));
  const diffusion::WalkWindow walk{.chunk = 1, .begin_frame = kFrames, .frames = kFrames};
  const auto slices = playback.write_ahead(
      kFrames, {.heard = 12.0, .lead = 0.5, .window = 0.36, .walk = walk}, decoding(1.0F));
  ASSERT_EQ(slices.size(), 1U);
  EXPECT_NEAR(slices[0].start, 12.5 * 48000, kHop);
}

TEST(PlaybackBuffer, WindowsInARowCoverEverything) {
  diffusion::NoiseGenerator noise(4);
  Playback playback(level(0.0F, kFrames * kHop));
  double heard = 0.0;
  while (heard < 10.5) {
    (void)playback.write_ahead(kFrames, {.heard = heard, .lead = 0.5, .window = 0.36},
                               decoding(1.0F));
    heard += 0.2;
  }
  const auto& samples = playback.samples();
  std::size_t untouched = 0;
  for (const float sample : samples) untouched += sample == 0.0F ? 1 : 0;
  EXPECT_EQ(untouched, 0U);
}

TEST(PlaybackBuffer, AWindowMayBeAsLongAsOneLikes) {
  for (const double window : {0.04, 0.2, 0.36, 1.0, 3.0, 9.9, 30.0}) {
    Playback playback(level(0.0F, kFrames * kHop));
    const auto slices = playback.write_ahead(
        kFrames, {.heard = 0.0, .lead = 0.25, .window = window}, decoding(1.0F));
    ASSERT_EQ(slices.size(), 1U);
    const double seconds = static_cast<double>(slices[0].samples->size()) / 2 / 48000;
    EXPECT_NEAR(seconds, std::min(window, 10.0), 0.3) << window;
  }
}

TEST(PlaybackBuffer, TheWholeBufferAnew) {
  Playback playback(level(0.0F, kFrames * kHop));
  const auto slice = playback.write_all(level(1.0F, kFrames * kHop));
  EXPECT_EQ(slice.start, 0U);
  EXPECT_EQ(slice.samples->size(), static_cast<std::size_t>(2 * kFrames * kHop));
  EXPECT_EQ(playback.samples()[1000], 1.0F);
}

TEST(PlaybackBuffer, ALoopHasNoClick) {
  auto audio = level(1.0F, kFrames * kHop);
  audio.narrow(1, 0, 4800).fill_(0.0F);
  const Playback playback(audio);
  EXPECT_NEAR(playback.samples().back(), 0.0F, 1e-3) << "the seam fades toward the beginning";
}

}  // namespace
}  // namespace headroom::session
