#include "audio/tempo.h"

#include <limits>

#include <gtest/gtest.h>

#include "expect_error.h"

namespace headroom {
namespace {

// Clicks at `bpm` with a little noise under them.
at::Tensor clicks(double bpm, int rate, double seconds) {
  at::manual_seed(6);
  const auto samples = static_cast<std::int64_t>(seconds * rate);
  auto audio = at::randn({samples}).mul_(1e-4);
  for (double t = 0.1; t < seconds - 0.1; t += 60.0 / bpm) {
    const auto start = static_cast<std::int64_t>(t * rate);
    audio.narrow(0, start, rate / 100).add_(at::randn({rate / 100}).mul_(0.3));
  }
  return audio;
}

TEST(Tempo, AnyRate) {
  for (const int rate : {8000, 22050, 44100, 96000}) {
    EXPECT_NEAR(estimate_tempo(clicks(120.0, rate, 12.0), rate), 120.0, 4.0) << rate;
  }
}

TEST(Tempo, SilenceAndShortAudio) {
  for (const std::int64_t samples : {0, 1, 511, 512, 2048, 5000}) {
    const auto track = track_beats(at::zeros({samples}), 48000);
    EXPECT_EQ(track.bpm, 0.0);
    EXPECT_TRUE(track.beats.empty());
    EXPECT_EQ(track.onset_envelope.size(0), 1 + samples / 512);
    EXPECT_EQ(coarse_bpm(at::zeros({samples}), 48000), 120);
  }
  at::manual_seed(7);
  for (const std::int64_t samples : {1, 600, 2000, 5000, 20000}) {
    EXPECT_NO_THROW(track_beats(at::randn({samples}), 48000));
    EXPECT_NO_THROW(coarse_bpm(at::randn({samples}), 48000));
  }
}

TEST(Tempo, AudioThatIsNotANumberDoesNoHarm) {
  auto audio = clicks(120.0, 48000, 3.0);
  audio.narrow(0, 70000, 10).fill_(std::numeric_limits<float>::quiet_NaN());
  EXPECT_NO_THROW(track_beats(audio, 48000));
  EXPECT_NO_THROW(coarse_bpm(audio, 48000));
}

TEST(Tempo, ReportedBpm) {
  EXPECT_EQ(reported_bpm(0.0), 120);
  EXPECT_EQ(reported_bpm(0.0, 0), 0);
  EXPECT_EQ(reported_bpm(140.625), 141);
  EXPECT_EQ(reported_bpm(122.5), 122);
}

TEST(Tempo, SameBitsForAnyNumberOfThreads) {
  const auto audio = clicks(97.0, 48000, 15.0);
  const int before = at::get_num_threads();
  const auto one = track_beats(audio, 48000);
  at::set_num_threads(before == 1 ? 2 : 1);
  const auto two = track_beats(audio, 48000);
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(one.onset_envelope, two.onset_envelope));
  EXPECT_TRUE(at::equal(one.tempogram_mean, two.tempogram_mean));
  EXPECT_EQ(one.beats, two.beats);
}

TEST(Tempo, BeatTimes) {
  BeatTrack track;
  track.beats = {0, 375};
  EXPECT_EQ(track.beat_times(48000), (std::vector<double>{0.0, 4.0}));
}

TEST(Tempo, Refusals) {
  EXPECT_ERROR(track_beats(at::zeros({100}), 4000), ErrorKind::input, "8000 Hz");
  EXPECT_ERROR(track_beats(at::zeros({1, 100}), 48000), ErrorKind::internal, "mono");
}

}  // namespace
}  // namespace headroom
