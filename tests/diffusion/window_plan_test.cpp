// Windows into the playback buffer, at thousands of random lengths and positions.
#include "diffusion/window_plan.h"

#include <cmath>

#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "diffusion/playhead.h"

namespace headroom::diffusion {
namespace {

std::int64_t between(NoiseGenerator& dice, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(dice.next()) % (most - least + 1);
}

TEST(DecodeTarget, StaysInTheClipAndInItsBand) {
  NoiseGenerator dice(1);
  for (int i = 0; i < 20000; ++i) {
    Clip clip{0.5 + 200.0 * dice.uniform()};
    const double playhead = clip.seconds * dice.uniform();
    const double lead = 4.0 * dice.uniform();
    if (i % 2 == 0)
      clip.band = LoopBand{clip.seconds * dice.uniform(), clip.seconds * 1.2 * dice.uniform()};
    const double target = decode_target(clip, playhead, lead, 0.36);
    EXPECT_GE(target, 0.0);
    EXPECT_LT(target, clip.seconds);
    if (const auto band = band_in_force(clip, playhead)) {
      EXPECT_GE(target, band->begin);
      EXPECT_LT(target, band->end);
    } else {
      EXPECT_NEAR(std::remainder(target - playhead - lead, clip.seconds), 0.0, 1e-9);
    }
  }
}

TEST(CutWindow, NeverLeavesTheBufferOrItsBand) {
  NoiseGenerator dice(2);
  for (int i = 0; i < 20000; ++i) {
    const auto length = between(dice, 1, 500) * kSamplesPerFrame;
    const auto begin = between(dice, 0, length / kSamplesPerFrame - 1) * kSamplesPerFrame;
    const auto count = between(dice, 1, 25) * kSamplesPerFrame;
    const double seconds = static_cast<double>(length) / kSampleRate;
    std::optional<LoopBand> band;
    if (i % 2 == 0) {
      const double a = seconds * dice.uniform();
      band = LoopBand{a, std::min(seconds, a + 0.01 + seconds * dice.uniform())};
    }
    const auto write = cut_window(begin, count, length, band);
    EXPECT_GE(write.count, 0);
    EXPECT_LE(write.begin + write.count, length);
    if (!band) {
      EXPECT_EQ(write.count, std::min(count, length - begin));
      continue;
    }
    EXPECT_LE(write.begin + write.count,
              std::max(write.begin, static_cast<std::int64_t>(band->end * kSampleRate)));
    if (const auto again = wrapped_write(begin, count, *band)) {
      EXPECT_GT(again->count, 0);
      EXPECT_LE(again->begin + again->count, static_cast<std::int64_t>(band->end * kSampleRate));
    }
  }
}

TEST(WriteWindow, IsSeamlessOnEqualMusicAndExactInTheMiddle) {
  NoiseGenerator dice(3);
  for (int i = 0; i < 200; ++i) {
    const auto length = between(dice, 30, 60) * kSamplesPerFrame;
    std::vector<float> buffer(static_cast<size_t>(length) * 2, 0.25F);
    const auto before = buffer;
    const auto begin = between(dice, 0, length / kSamplesPerFrame - 9) * kSamplesPerFrame;
    const auto count = 9 * kSamplesPerFrame;
    const std::vector<float> same(static_cast<size_t>(count) * 2, 0.25F);
    write_window(buffer, same, 2, cut_window(begin, count, length, std::nullopt));
    for (size_t k = 0; k < buffer.size(); ++k) ASSERT_NEAR(buffer[k], before[k], 1e-6F) << k;
    const std::vector<float> other(static_cast<size_t>(count) * 2, 1.0F);
    write_window(buffer, other, 2, cut_window(begin, count, length, std::nullopt));
    EXPECT_EQ(buffer[static_cast<size_t>(begin + count / 2) * 2], 1.0F);
    if (begin > 0) {
      EXPECT_EQ(buffer[static_cast<size_t>(begin) * 2], 0.25F) << "fades in from the old";
    }
    if (begin == 0) {
      EXPECT_EQ(buffer[0], 1.0F) << "the beginning does not fade";
    }
    if (begin + count == length) {
      EXPECT_EQ(buffer.back(), 1.0F) << "nor does the end";
    }
  }
}

TEST(CloseLoop, Fix20TheEndMeetsTheBeginning) {
  for (const std::size_t frames : {100U, 4800U, 96000U}) {
    std::vector<float> samples(frames * 2);
    for (std::size_t i = 0; i < frames; ++i) {
      samples[2 * i] = static_cast<float>(i) / static_cast<float>(frames);
      samples[2 * i + 1] = 1.0F;
    }
    const float head = samples[2 * (std::min<std::size_t>(2400, frames / 4) - 1)];
    close_loop(samples, 2);
    EXPECT_NEAR(samples[samples.size() - 2], head, 1e-6F);
    EXPECT_NEAR(samples.back(), 1.0F, 1e-6F) << "equal sides stay";
  }
}

TEST(FramesIn, Fix19NoFrameIsLostToARoundingError) {
  for (std::int64_t frames = 0; frames < 20000; ++frames)
    ASSERT_EQ(frames_in(static_cast<double>(frames) / kFrameRate), frames);
}

TEST(WalkWindow, CoversEverySourceWithoutAGap) {
  NoiseGenerator dice(4);
  for (int i = 0; i < 5000; ++i) {
    const auto frames = between(dice, 1, 20000);
    const double window = 10.0 + 100.0 * dice.uniform();
    const double seconds = static_cast<double>(frames) / kFrameRate;
    const auto whole = std::llround(window * kFrameRate);
    const double playhead = seconds * dice.uniform() * 0.999999;
    const auto walk = walk_window(frames, seconds, playhead, 0.0, window);
    ASSERT_EQ(walk.has_value(), frames > whole);
    if (!walk) continue;
    EXPECT_EQ(walk->frames, whole);
    EXPECT_GE(walk->begin_frame, 0);
    EXPECT_LE(walk->begin_frame + walk->frames, frames);
    // What is heard lies in the chunk (within the rounding of its edges).
    EXPECT_GE(playhead * kFrameRate, static_cast<double>(walk->begin_frame) - 1.0);
    EXPECT_LE(playhead * kFrameRate, static_cast<double>(walk->begin_frame + walk->frames) + 1.0);
    const double start = walk_decode_start(*walk, playhead, 0.36);
    EXPECT_GE(start, 0.0);
    EXPECT_LE(start + 0.36, window + 0.04);
  }
}

TEST(EmitFront, SendsEverySampleOfARunOnce) {
  NoiseGenerator dice(5);
  for (int run = 0; run < 300; ++run) {
    const auto length = between(dice, 50, 3000);
    EmitFront front;
    std::vector<int> sent(static_cast<size_t>(length), 0);
    std::int64_t at = 0;
    std::int64_t gone = 0;
    (void)front.advance(0, length);
    while (gone < length) {
      // A jitter backwards is not a retreat.
      if (dice.next() % 4 == 0 && at > 5) {
        EXPECT_TRUE(front.advance(at - 3, length).empty());
      }
      const auto step = std::min(between(dice, 1, length / 4), length - gone);
      gone += step;
      at = gone % length;
      for (const auto& stretch : front.advance(at, length)) {
        ASSERT_LE(0, stretch.begin);
        ASSERT_LE(stretch.begin, stretch.end);
        ASSERT_LE(stretch.end, length);
        for (auto k = stretch.begin; k < stretch.end; ++k) ++sent[static_cast<size_t>(k)];
      }
    }
    for (const int times : sent) ASSERT_EQ(times, 1);
  }
}

TEST(MaySkipDecode, NeedsALittleChangeAndARecentWindow) {
  const DecodeGate gate{.threshold = 1e-3, .window = 2.0, .prefetch = 1.0};
  EXPECT_TRUE(may_skip_decode(gate, 1e-4, 5.0, 5.5));
  EXPECT_FALSE(may_skip_decode(gate, 1e-2, 5.0, 5.5));
  EXPECT_FALSE(may_skip_decode(gate, std::nullopt, 5.0, 5.5));
  EXPECT_FALSE(may_skip_decode(gate, 1e-4, 5.0, 6.5));
  EXPECT_FALSE(may_skip_decode(gate, 1e-4, std::nullopt, 5.0));
  EXPECT_FALSE(may_skip_decode({}, 1e-9, 5.0, 5.0)) << "0.36 s less 1 s of prefetch: never";
}

}  // namespace
}  // namespace headroom::diffusion
