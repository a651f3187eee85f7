// The protocol's states without a socket. W9, W20 to W23, W28.
#include "server/conversation.h"

#include <gtest/gtest.h>

#include "wire/constants.gen.h"
#include "wire/frames.h"

namespace headroom::server {
namespace {

using namespace std::chrono_literals;

class Talk : public ::testing::Test {
 protected:
  Actions text(const std::string& message) { return talk.on_text(message, now); }
  Actions audio(double seconds = 1.0, std::uint32_t channels = 2) {
    const std::vector<float> samples(static_cast<std::size_t>(seconds * 48000.0) * channels, 0.25F);
    return talk.on_binary(wire::make_pcm(samples, channels), now);
  }
  void begin() {
    ASSERT_TRUE(text("{}").empty());
    ASSERT_EQ(audio().size(), 1U);
  }
  Limits limits;
  Conversation::Time now = std::chrono::steady_clock::now();
  Conversation talk{limits, now};
};

template <class T>
const T& only(const Actions& actions, std::size_t at = 0) {
  static const T none{};
  EXPECT_GT(actions.size(), at);
  if (actions.size() <= at || !std::holds_alternative<T>(actions[at])) {
    ADD_FAILURE() << "another action";
    return none;
  }
  return std::get<T>(actions[at]);
}

std::string event_type(const Actions& actions, std::size_t at = 0) {
  return std::string(wire::type_of(only<wire::Event>(actions, at)));
}

TEST_F(Talk, ASessionBeginsWithItsAudio) {
  EXPECT_TRUE(text(R"({"depth": 2})").empty());
  EXPECT_TRUE(talk.owes_audio());
  const auto actions = audio();
  const auto& start = only<StartSession>(actions);
  EXPECT_EQ(start.config.depth, 2);
  EXPECT_EQ(start.source->frames, 48000U);
}

TEST_F(Talk, MonoIsDoubled) {
  text("{}");
  const auto actions = audio(1.0, 1);
  EXPECT_EQ(only<StartSession>(actions).source->samples.size(), 96000U);
}

TEST_F(Talk, ATrackOfTheServerNeedsNoAudioButAName) {
  EXPECT_FALSE(
      only<StartSession>(text(R"({"use_server_fixture":true,"fixture_name":"a"})")).source);
  Conversation other(limits, now);
  const auto actions = other.on_text(R"({"use_server_fixture":true})", now);
  EXPECT_EQ(std::get<wire::InitError>(only<wire::Event>(actions)).code, "fixture_unavailable");
  EXPECT_EQ(only<Goodbye>(actions, 1).code, 1011);
}

TEST_F(Talk, ABadBeginningIsAnErrorFrameAndAClose) {
  for (const char* bad : {"", "[]", "nonsense", "{\"a\":"}) {
    Conversation other(limits, now);
    const auto actions = other.on_text(bad, now);
    EXPECT_EQ(event_type(actions), "error") << bad;
    EXPECT_EQ(only<Goodbye>(actions, 1).code, 1011);
  }
  EXPECT_EQ(event_type(audio()), "error") << "binary first";
}

TEST_F(Talk, WaitingHasAnEnd) {
  EXPECT_TRUE(talk.on_tick(now + 9s).empty());
  EXPECT_EQ(event_type(talk.on_tick(now + 11s)), "error");
  Conversation other(limits, now);
  other.on_text("{}", now);
  EXPECT_TRUE(other.on_tick(now + 9s).empty());
  other.on_progress(now + 9s);
  EXPECT_TRUE(other.on_tick(now + 18s).empty()) << "bytes were on their way";
  const auto actions = other.on_tick(now + 20s);
  EXPECT_EQ(event_type(actions), "error");
  EXPECT_EQ(only<Goodbye>(actions, 1).code, 1011);
}

TEST_F(Talk, ATextInPlaceOfAudioFailsTheCommandAndIsThenHeard) {
  begin();
  EXPECT_TRUE(text(R"({"type":"swap_source","request_id":"s"})").empty());
  const auto actions = text(R"({"type":"prompt","tags":"x"})");
  const auto& failed = std::get<wire::SwapFailed>(only<wire::Event>(actions));
  EXPECT_EQ(failed.request_id, "s");
  EXPECT_EQ(std::get<wire::Prompt>(only<Post>(actions, 1).command).tags, "x");
  EXPECT_FALSE(talk.owes_audio());
}

TEST_F(Talk, AudioThatNeverComesFailsTheCommandAlone) {
  begin();
  text(R"({"type":"set_timbre_source"})");
  const auto actions = talk.on_tick(now + 11s);
  ASSERT_EQ(actions.size(), 1U) << "no goodbye";
  EXPECT_EQ(event_type(actions), "timbre_failed");
  EXPECT_TRUE(talk.on_tick(now + 30s).empty());
}

TEST_F(Talk, BadAudioFailsWhatItIsFor) {
  begin();
  text(R"({"type":"set_structure_source"})");
  EXPECT_EQ(event_type(talk.on_binary(std::vector<std::uint8_t>(50, 1), now)), "structure_failed");
  text(R"({"type":"swap_source"})");
  EXPECT_EQ(event_type(audio(0.5)), "swap_failed") << "shorter than a second";
  text(R"({"type":"set_timbre_source"})");
  EXPECT_TRUE(only<Post>(audio(0.5)).audio) << "a reference may be shorter";
  Conversation upload(limits, now);
  upload.on_text(R"({"type":"upload_track","request_id":"u"})", now);
  const auto actions = upload.on_text("{}", now);
  EXPECT_EQ(std::get<wire::UploadFailed>(only<wire::Event>(actions)).error,
            "expected binary PCM frame after upload header");
  EXPECT_EQ(only<Goodbye>(actions, 1).code, 1000);
}

TEST_F(Talk, WhatIsTooLongIsRefusedByItsHeader) {
  text("{}");
  auto frame = wire::make_pcm(std::vector<float>{}, 2);
  frame[4] = frame[5] = frame[6] = 0xff;  // 16 million frames, 350 s: 134 MB
  EXPECT_FALSE(talk.wants(frame));
  EXPECT_EQ(event_type(talk.on_refused_binary(frame, now)), "error");
}

TEST_F(Talk, AudioThatNobodyAnnouncedIsLeftOutAndSaidOnce) {
  begin();
  EXPECT_EQ(event_type(audio()), "warning");
  EXPECT_TRUE(audio().empty());
}

TEST_F(Talk, ComplaintsComeOnceForEachMember) {
  begin();
  const std::string message = R"({"type":"params","raw":{"denoise":"x","seed":1}})";
  const auto actions = text(message);
  EXPECT_EQ(std::get<wire::Warning>(only<wire::Event>(actions)).field, "raw.denoise");
  EXPECT_EQ(std::get<wire::Params>(only<Post>(actions, 1).command).raw,
            (nlohmann::json{{"seed", 1.0}}));
  EXPECT_EQ(text(message).size(), 1U);
  for (int i = 0; i < 1000; ++i)
    text(R"({"type":"params","raw":{"x)" + std::to_string(i) + "\":1}}");
  EXPECT_LE(text(R"({"type":"params","raw":{"y":1}})").size(), 1U) << "and not for ever";
}

TEST_F(Talk, UnknownCommandsAreAnswered) {
  begin();
  const auto actions = text(R"({"type":"fly"})");
  EXPECT_EQ(std::get<wire::CommandFailed>(only<wire::Event>(actions)).command, "fly");
}

TEST_F(Talk, TextsHaveLimitsByState) {
  EXPECT_EQ(talk.text_limit(), 65536U);
  begin();
  EXPECT_EQ(talk.text_limit(), 262144U);
}

TEST_F(Talk, AFloodOfCommandsEnds) {
  begin();
  for (int i = 0; i < 2000; ++i)
    ASSERT_TRUE(std::holds_alternative<Post>(text(R"({"type":"params"})").at(0))) << i;
  EXPECT_EQ(only<Goodbye>(text(R"({"type":"params"})")).code, 1008);
  now += 1s;
  EXPECT_TRUE(std::holds_alternative<Post>(text(R"({"type":"params"})").at(0)));
}

}  // namespace
}  // namespace headroom::server
