// Messages from strangers: what is good is taken, what is not is said. W22, W24, W28, W29.
#include "wire/message.h"

#include <cmath>

#include <gtest/gtest.h>

#include "wire/constants.gen.h"
#include "wire/knobs.h"

namespace headroom::wire {
namespace {

Refusal refused(std::string_view text) {
  const auto parsed = parse_command(text);
  EXPECT_FALSE(parsed) << text;
  return parsed ? Refusal{} : parsed.error();
}

template <class T>
T taken(std::string_view text, std::vector<Complaint>* complaints = nullptr) {
  const auto parsed = parse_command(text);
  EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().message);
  if (!parsed) return {};
  if (complaints != nullptr)
    *complaints = parsed.value().complaints;
  else
    EXPECT_TRUE(parsed.value().complaints.empty()) << parsed.value().complaints[0].message;
  return std::get<T>(parsed.value().message);
}

TEST(Commands, WhatIsNoMessageIsRefusedInAReadableLine) {
  EXPECT_EQ(refused("[1]").message, "a message is an object, not a list");
  EXPECT_EQ(refused("{").message, "message: not valid JSON at byte 2");
  EXPECT_EQ(refused("{}").message, "type is missing; a text is expected");
  EXPECT_EQ(refused(R"({"type":"fly\n"})").message, "no command is called \"fly?\"");
  EXPECT_EQ(refused(R"({"type":"prompt"})").message, "tags is missing");
  const auto wrong = refused(R"({"type":"prompt","tags":[],"request_id":"r1"})");
  EXPECT_EQ(wrong.message, "tags is a list; a text is expected");
  EXPECT_EQ(wrong.command, "prompt");
  EXPECT_EQ(wrong.field, "tags");
  EXPECT_EQ(wrong.request_id, "r1");
  EXPECT_EQ(refused(R"({"type":"set_depth","value":2.5})").message,
            "value is the number 2.5; a whole number from 1 to 64 is expected");
  EXPECT_EQ(refused(R"({"type":"params","raw":{"seed":1e999}})").message,
            "message: JSON with a number that no computer can hold");
  EXPECT_EQ(refused(R"({"type":"params","raw":{"seed":NaN}})").message.substr(0, 23),
            "message: not valid JSON");
  EXPECT_EQ(refused("{\"type\":\"prompt\",\"tags\":\"\xff\"}").message.substr(0, 23),
            "message: not valid JSON");
}

TEST(Commands, ATextThatIsTooLongIsRefused) {
  const std::string longer(8193, 'x');
  EXPECT_NE(refused(R"({"type":"prompt","tags":")" + longer + "\"}").message.find("8192 bytes"),
            std::string::npos);
}

TEST(Commands, ASwapByNameSaysWhichAndFailsAsASwap) {
  const auto refusal =
      refused(R"({"type":"swap_source","use_server_source":true,"request_id":"7"})");
  const auto event = failure_of(refusal);
  ASSERT_TRUE(std::holds_alternative<SwapFailed>(event));
  EXPECT_EQ(std::get<SwapFailed>(event).request_id, "7");
  EXPECT_EQ(type_of(failure_of("set_timbre_source", "", "e", {})), "timbre_failed");
  EXPECT_EQ(type_of(failure_of("set_structure_fixture", "", "e", {})), "structure_failed");
  EXPECT_EQ(type_of(failure_of("prompt", "tags", "e", {})), "command_failed");
}

TEST(Commands, OptionalMembersOfWrongKindAreLeftOutAndSaid) {
  std::vector<Complaint> complaints;
  const auto prompt = taken<Prompt>(
      R"({"type":"prompt","tags":"a","key":" ","time_signature":7,"tags_b":3})", &complaints);
  EXPECT_FALSE(prompt.key || prompt.time_signature || prompt.tags_b);
  ASSERT_EQ(complaints.size(), 2U);
  EXPECT_EQ(complaints[0].message, "tags_b is the number 3; a text is expected");
  EXPECT_EQ(complaints[1].field, "time_signature");
}

TEST(Commands, WhatIsOutOfRangeIsClamped) {
  EXPECT_EQ(taken<PromptBlend>(R"({"type":"set_prompt_blend","value":7})").value, 1.0);
  EXPECT_EQ(taken<TimbreStrength>(R"({"type":"set_timbre_strength","value":-1})").value, 0.0);
  EXPECT_EQ(taken<SetDepth>(R"({"type":"set_depth","value":1e12})").value, 64);
}

TEST(Commands, ALoopBandWithoutAnEndClears) {
  const auto band = taken<LoopBand>(R"({"type":"loop_band","start_sec":null,"end_sec":null})");
  EXPECT_FALSE(band.start_sec || band.end_sec);
  std::vector<Complaint> complaints;
  EXPECT_FALSE(taken<LoopBand>(R"({"type":"loop_band","start_sec":"x","end_sec":1})", &complaints)
                   .start_sec);
}

TEST(Commands, WhoIsFollowedByAudio) {
  EXPECT_TRUE(wants_audio(Command(TimbreSource{})));
  EXPECT_TRUE(wants_audio(Command(StructureSource{})));
  EXPECT_TRUE(wants_audio(Command(SwapSource{})));
  SwapSource by_name;
  by_name.use_server_source = true;
  EXPECT_FALSE(wants_audio(Command(by_name)));
  EXPECT_FALSE(wants_audio(Command(Prompt{})));
}

// Every member that kills a session of the original (W24), and what becomes of it here.
TEST(Knobs, WrongValuesAreLeftOutOneComplaintEach) {
  std::vector<Complaint> complaints;
  const auto params = taken<Params>(
      R"({"type":"params","playback_pos":1.5,"raw":{"seed":"x","denoise":null,"feedback":[],"shift":{},
         "ch_g0":true,"steps_override":"many","dcw_scaler":"","x0_target_curve":[1],"rcfg_mode":"loud",
         "dcw_enabled":1,"hint_strength":0.25}})",
      &complaints);
  EXPECT_EQ(params.raw, (nlohmann::json{{"hint_strength", 0.25}}));
  EXPECT_EQ(params.playback_pos, 1.5);
  EXPECT_EQ(complaints.size(), 10U);
  EXPECT_EQ(complaints[0].message, "raw.ch_g0 is true or false; a number from 0 to 3 is expected");
}

TEST(Knobs, NumbersAreClampedAndRounded) {
  const auto raw = taken<Params>(
                       R"({"type":"params","raw":{"denoise":9,"feedback_depth":2.5,"seed":-3,
                          "lora_str_a b":5,"shift":"2.5"}})")
                       .raw;
  EXPECT_EQ(raw, (nlohmann::json{{"denoise", 1.0},
                                 {"feedback_depth", 2.0},
                                 {"seed", 0.0},
                                 {"lora_str_a b", 2.0},
                                 {"shift", 2.5}}));
}

TEST(Knobs, UnknownNamesAreLeftOutWithOneComplaintForAll) {
  std::vector<Complaint> complaints;
  nlohmann::json message{{"type", "params"}, {"raw", {{"denoise", 0.5}, {"lora_str_", 1}}}};
  for (int i = 0; i < 500; ++i) message["raw"]["lora_str_" + std::to_string(i)] = 1.0;
  for (int i = 0; i < 100; ++i) message["raw"]["mystery" + std::to_string(i)] = 1.0;
  const auto params = taken<Params>(message.dump(), &complaints);
  EXPECT_EQ(params.raw.size(), 1U + static_cast<std::size_t>(kMostLoraKnobs));
  EXPECT_EQ(complaints.size(), 1U);
}

TEST(Knobs, Curves) {
  const auto curve = [](std::string_view value) {
    const auto parsed =
        parse_command(R"({"type":"params","raw":{"x0_target_curve":)" + std::string(value) + "}}");
    EXPECT_TRUE(parsed);
    return std::get<Params>(parsed.value().message).raw;
  };
  EXPECT_EQ(curve(R"({"type":"constant","value":2})")["x0_target_curve"]["value"], 1.0);
  EXPECT_EQ(curve(R"({"type":"raw","values":[0,0.5,-1]})")["x0_target_curve"]["values"],
            (nlohmann::json{0.0, 0.5, 0.0}));
  EXPECT_TRUE(curve(R"({"type":"raw","values":[]})").empty());
  EXPECT_TRUE(curve(R"({"type":"raw","values":["1"]})").empty());
  EXPECT_TRUE(curve(R"({"type":"wave"})").empty());
}

TEST(Events, NothingNotFiniteIsEverWritten) {
  ParamsUpdate update;
  update.params = {{"tick_ms", std::nan("")}, {"list", {1.0, INFINITY}}};
  EXPECT_EQ(nlohmann::json::parse(text_of(update))["params"],
            (nlohmann::json{{"tick_ms", 0.0}, {"list", {1.0, 0.0}}}));
  Ready ready;
  ready.duration = -INFINITY;
  EXPECT_EQ(nlohmann::json::parse(text_of(ready))["duration"], 0.0);
  EXPECT_NO_THROW(nlohmann::json::parse(text_of(SwapFailed{.error = "bad \xff bytes"})));
}

TEST(Events, RequestIdsComeBack) {
  PromptApplied applied{.tags = "a"};
  EXPECT_FALSE(to_json(Event(applied)).contains("request_id"));
  applied.request_id = "42";
  EXPECT_EQ(to_json(Event(applied))["request_id"], "42");
}

TEST(Events, LateStemsHaveAnEmptyMode) {
  EXPECT_EQ(to_json(Event(StemAssets{}))["source_mode"], "");
}

TEST(Events, WhatAFullQueueMayDo) {
  EXPECT_EQ(backpressure_of(Slice{}), Backpressure::drop_oldest);
  EXPECT_EQ(backpressure_of(ParamsUpdate{}), Backpressure::coalesce);
  EXPECT_EQ(backpressure_of(SwapReady{}), Backpressure::never_drop);
}

TEST(First, AnUploadIsToldFromASession) {
  const auto upload =
      parse_first(R"({"type":"upload_track","name":5,"key":"  C major ","time_signature":6})");
  ASSERT_TRUE(upload);
  const auto& track = std::get<UploadTrack>(upload.value().message);
  EXPECT_EQ(track.name, "upload");
  EXPECT_EQ(track.key, "C major");
  EXPECT_EQ(track.time_signature, "6");
  EXPECT_TRUE(std::holds_alternative<SessionConfig>(parse_first("{}").value().message));
  EXPECT_FALSE(parse_first("3"));
}

}  // namespace
}  // namespace headroom::wire
