#include <gtest/gtest.h>

#include "audio/synthesis.h"
#include "audio/tempo.h"
#include "support/golden.h"

namespace headroom {
namespace {

constexpr int kRate = 48000;

class TempoGolden : public testing::TestWithParam<int> {};

TEST_P(TempoGolden, MatchesTheReference) {
  const Golden golden("beat_track");
  const int i = GetParam();
  const auto config = golden.config()["cases"][static_cast<size_t>(i)];
  const auto get = [&](const char* name) { return golden(fmt::format("{}.{}", name, i)); };
  const auto audio = render_events(golden("in.kit"), get("in.events"), config["samples"]);
  const auto track = track_beats(audio, kRate);
  expect_golden(track.onset_envelope, get("mid.onset_env"), 1e-4, "onset_env");
  EXPECT_NEAR(track.bpm, get("out.bpm").item<float>(), 1e-3);
  EXPECT_EQ(reported_bpm(track.bpm, 0), config["bpm_rounded"].get<int>());
  const auto beats = at::tensor(track.beats, at::kLong).to(at::kFloat);
  EXPECT_TRUE(at::equal(beats, get("out.beats"))) << beats << get("out.beats");
  EXPECT_EQ(coarse_bpm(audio, kRate), static_cast<int>(get("out.bpm_node").item<float>()));
  if (track.bpm <= 0.0) return;
  expect_golden(track.tempogram_mean, get("mid.tempogram_mean"), 1e-5, "tempogram_mean");
  expect_golden(track.local_score, get("mid.localscore"), 1e-3, "localscore");
  expect_golden(track.cumulative_score, get("mid.cumscore"), 1e-3, "cumscore");
}

INSTANTIATE_TEST_SUITE_P(Clips, TempoGolden, testing::Range(0, 8));

}  // namespace
}  // namespace headroom
