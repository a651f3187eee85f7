// The bundled track: it is what the program makes, it can go round, and everybody is heard.
#include "train/recipes/demo_track.h"

#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "audio/channels.h"
#include "audio/load.h"
#include "audio/tempo.h"
#include "train/learn/losses.h"

namespace headroom::train {
namespace {

class DemoTrackTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { track = new DemoTrack(make_demo_track()); }
  static void TearDownTestSuite() {
    delete track;
    track = nullptr;
  }
  static double level(const at::Tensor& audio) {
    return audio.square().mean().sqrt().item<double>();
  }

  static DemoTrack* track;
};
DemoTrack* DemoTrackTest::track = nullptr;

TEST_F(DemoTrackTest, IsLoudAndDoesNotClip) {
  const auto peak = track->mix.abs().max().item<double>();
  EXPECT_LT(peak, 0.95);
  EXPECT_GT(peak, 0.7);
  EXPECT_GT(level(track->mix), 0.1);
}

TEST_F(DemoTrackTest, HasVocalsInEveryQuarter) {
  const auto quarter = track->vocals.size(1) / 4;
  for (std::int64_t i = 0; i < 4; ++i) {
    EXPECT_GT(level(track->vocals.narrow(1, i * quarter, quarter)), 0.2 * level(track->mix)) << i;
  }
}

TEST_F(DemoTrackTest, GoesRoundWithoutAClick) {
  const auto round = at::cat({track->mix, track->mix.narrow(1, 0, 1000)}, 1);
  const auto steps =
      (round.narrow(1, 1, round.size(1) - 1) - round.narrow(1, 0, round.size(1) - 1)).abs().amax(0);
  const auto seam = steps[track->mix.size(1) - 1].item<double>();
  // Not more than what the second before has anyway.
  EXPECT_LE(seam, steps.narrow(0, track->mix.size(1) - 48000, 47000).max().item<double>());
}

TEST_F(DemoTrackTest, IsWholeBarsOfWhatTheTempoSays) {
  const double bars = static_cast<double>(track->mix.size(1)) / 48000.0 * track->song.bpm / 240.0;
  EXPECT_NEAR(bars, std::round(bars), 1e-3);
  EXPECT_NEAR(estimate_tempo(to_mono(track->mix).contiguous(), 48000), track->song.bpm, 3.0);
}

TEST_F(DemoTrackTest, LiesInTheAssetsAsItIsMade) {
  const auto path = std::filesystem::path(HEADROOM_SOURCE_DIR) / "assets/demo.ogg";
  EXPECT_LE(std::filesystem::file_size(path), 900'000U);
  const auto stored = load_audio(path, 48000);
  ASSERT_EQ(stored.sizes(), track->mix.sizes());
  EXPECT_GT(si_sdr(stored, track->mix).min().item<double>(), 8.0);
}

}  // namespace
}  // namespace headroom::train
