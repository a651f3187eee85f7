#include "session/score.h"

#include <gtest/gtest.h>

namespace headroom::session {
namespace {

diffusion::EncodedPrompt prompt(float value) {
  return {.states = at::full({1, 2, 4}, value), .mask = at::ones({1, 2})};
}

Prompts prompts() {
  return {.a = "a",
          .b = "b",
          .encoded = {.silent_a = prompt(1.0F),
                      .timbre_a = prompt(2.0F),
                      .silent_b = prompt(3.0F),
                      .timbre_b = prompt(4.0F)}};
}

Turnover turnover(double seconds = 4.0) {
  auto source = std::make_shared<Source>();
  source->audio = at::zeros({2, static_cast<std::int64_t>(seconds * 48000)});
  source->latents = at::zeros({1, static_cast<std::int64_t>(seconds * 25), 8});
  source->hints = source->latents;
  return {.source = source, .prompts = prompts()};
}

wire::Params at_position(double seconds) {
  wire::Params params;
  params.playback_pos = seconds;
  return params;
}

TEST(Score, KnobsMergeAndOnlyAChangeCounts) {
  Score score(20.0, 0.0);
  EXPECT_TRUE(score.set_params({}, {{"denoise", 0.5}}, 1.0));
  EXPECT_FALSE(score.set_params({}, {{"denoise", 0.5}}, 2.0));
  EXPECT_TRUE(score.set_params({}, {{"feedback", 0.2}}, 3.0));
  EXPECT_EQ(score.knobs(), (nlohmann::json{{"denoise", 0.5}, {"feedback", 0.2}}));
}

TEST(Score, TheSlidersChooseWhatIsSung) {
  Score score(20.0, 0.0);
  score.begin(turnover(), 0.0);
  const auto sung = [&] { return score.view(0.0, false).condition.states[0][0][0].item<float>(); };
  EXPECT_EQ(sung(), 2.0F) << "A with its timbre";
  score.set_timbre_strength(0.0, 0.0);
  EXPECT_EQ(sung(), 1.0F);
  score.set_blend(1.0, 0.0);
  EXPECT_EQ(sung(), 3.0F);
  score.set_timbre_strength(1.0, 0.0);
  EXPECT_EQ(sung(), 4.0F);
}

TEST(Score, ThePlayheadRunsOnBetweenReports) {
  Score score(20.0, 0.0);
  score.begin(turnover(4.0), 10.0);
  score.set_params(at_position(1.0), nlohmann::json::object(), 11.0);
  EXPECT_NEAR(score.view(11.5, false).heard, 1.5, 1e-3);
  EXPECT_NEAR(score.view(14.5, false).heard, 0.5, 1e-3) << "around the end of the buffer";
}

TEST(Score, WithoutAnyCommandItReplaysAndThenRests) {
  using diffusion::Activity;
  Score score(20.0, 0.0);
  score.begin(turnover(4.0), 0.0);
  EXPECT_EQ(score.view(19.0, true).activity, Activity::working);
  // Positions alone are no activity.
  score.set_params(at_position(1.0), nlohmann::json::object(), 19.5);
  EXPECT_EQ(score.view(21.0, true).activity, Activity::replaying);
  EXPECT_EQ(score.view(26.0, true).activity, Activity::resting);
  score.set_params({}, {{"denoise", 0.4}}, 26.1);
  EXPECT_EQ(score.view(26.2, true).activity, Activity::working);
}

TEST(Score, DisablesComeBeforeEnables) {
  Score score(20.0, 0.0);
  score.add_lora({.id = "on", .strength = 1.0}, 0.0);
  score.add_lora({.id = "off"}, 0.0);
  const auto changes = score.take_loras();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].id, "off");
  EXPECT_TRUE(score.take_loras().empty());
}

TEST(Score, ANewSourceBeginsAtItsBeginningWithoutABand) {
  Score score(20.0, 0.0);
  score.begin(turnover(4.0), 0.0);
  score.set_band(diffusion::LoopBand{1.0, 2.0}, 0.0);
  score.set_params(at_position(3.0), nlohmann::json::object(), 0.0);
  const auto version = score.view(0.0, false).version;
  score.begin(turnover(8.0), 1.0);
  const auto view = score.view(1.0, false);
  EXPECT_FALSE(view.band);
  EXPECT_NEAR(view.heard, 0.0, 1e-6);
  EXPECT_GT(view.version, version);
}

TEST(Score, OfTwoSwapsTheLatterCounts) {
  Score score(20.0, 0.0);
  auto first = turnover();
  first.request_id = "1";
  auto second = turnover();
  second.request_id = "2";
  score.set_turnover(std::move(first), 0.0);
  score.set_turnover(std::move(second), 0.0);
  const auto taken = score.take_turnover();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->request_id, "2");
  EXPECT_FALSE(score.take_turnover());
}

}  // namespace
}  // namespace headroom::session
