// Text frames against recorded ones.
#include <gtest/gtest.h>

#include "wire/message.h"
#include "wire/protocol_golden.h"

namespace headroom::wire {
namespace {

LoraMetadata alpha_metadata() {
  LoraMetadata data;
  data.id = "alpha";
  data.name = "Alpha Style";
  data.primary_trigger_word = "alphatrig";
  data.trigger_words = {"alphatrig"};
  data.recommended_strength = 0.8;
  data.primary_genre = "house";
  data.tags = {"a"};
  data.base_model = "AceStep v1.5 Turbo";
  data.base_model_scale = "2B";
  data.has_metadata = true;
  return data;
}

std::vector<LoraEntry> loras(bool enabled) {
  LoraEntry alpha{
      .id = "alpha", .name = "Alpha Style", .path = "<MODELS_DIR>/loras/alpha.safetensors"};
  alpha.metadata = alpha_metadata();
  if (enabled) {
    alpha.state = "enabled";
    alpha.strength = 0.7;
    alpha.materialized_bytes = 1024;
  }
  LoraEntry beta{.id = "beta", .name = "beta", .path = "<MODELS_DIR>/loras/beta.safetensors"};
  beta.metadata.id = beta.metadata.name = "beta";
  beta.metadata.primary_trigger_word = "betatrig";
  beta.metadata.trigger_words = {"betatrig"};
  return {alpha, beta};
}

Ready ready() {
  Ready event;
  event.duration = 2.0;
  event.lora_dir = "<MODELS_DIR>/loras";
  event.lora_catalog = loras(false);
  event.lora_pending_enable = {"alpha"};
  event.bpm = 120;
  event.key = "A minor";
  event.checkpoint = "acestep-v15-turbo";
  event.checkpoint_scale = "2B";
  event.session_id = "AbCdEf12";
  return event;
}

std::vector<Event> one_of_each() {
  SwapReady swap{.duration = 1.2, .bpm = 120, .key = "A minor"};
  swap.fixture_name = "other.wav";
  StemAssets stems{.fixture_name = "song.wav", .frames = 96000};
  stems.source_mode = StemMode::full;
  const auto messages = golden_json("messages.json");
  return {ready(),
          stems,
          LoraCatalog{.catalog = loras(true)},
          ParamsUpdate{{{"num_gens", 0}, {"tick_ms", 0.0}, {"dec_ms", 0.0}}},
          PromptApplied{.tags = "alphatrig, techno"},
          DepthApplied{.value = 2},
          TimbreSet{.name = "clip.wav", .duration = 1.0},
          TimbreCleared{},
          TimbreFailed{.error = "unknown fixture: nope.wav"},
          StructureSet{.name = "s.wav", .duration = 1.0},
          swap,
          StructureCleared{},
          StructureFailed{.error = "unknown fixture: nope.wav"},
          SwapFailed{.error = messages["swap_failed"]["error"].get<std::string>()},
          StemFailed{.fixture_name = "fourth.wav", .error = "separator unavailable"},
          ParamsEcho{{{"denoise", 0.25}}},
          PromptBlendEcho{0.75}};
}

TEST(ProtocolMessages, EveryRecordedEventIsWrittenTheSame) {
  auto messages = golden_json("messages.json");
  for (const auto& event : one_of_each()) {
    const std::string type(type_of(event));
    SCOPED_TRACE(type);
    ASSERT_TRUE(messages.contains(type));
    expect_contains(nlohmann::json::parse(text_of(event)), messages[type]);
    messages.erase(type);
  }
  EXPECT_TRUE(messages.empty()) << messages.dump();
}

TEST(ProtocolMessages, TheSeedsFrames) {
  const auto golden = golden_json("seed_frames.json");
  UploadOk ok{.name = "song.wav",
              .bpm = 120,
              .key = "A minor",
              .duration_s = 120.0,
              .samples = 5760000,
              .stems_pending = true};
  expect_contains(to_json(Event(ok)), golden["upload_ok_phase_1"]);
  ok.stems_pending = false;
  expect_contains(to_json(Event(ok)), golden["upload_ok_dedup_no_rip_running"]);
  const StemAssets push{.fixture_name = "song.wav", .frames = 5760000};
  expect_contains(to_json(Event(push)), golden["late_stem_push"][0]);
  expect_contains(
      to_json(Event(StemFailed{.fixture_name = "song.wav", .error = "CUDA out of memory"})),
      golden["late_stem_failure"]);
}

TEST(ProtocolMessages, SetUpErrors) {
  InitError error{.code = "engine_not_built", .message = "m"};
  error.build_command = "b";
  error.duration_s = 90.0;
  error.close_reason = "TRT engine not built";
  expect_contains(to_json(Event(error)), {{"type", "error"},
                                          {"code", "engine_not_built"},
                                          {"build_command", "b"},
                                          {"duration_s", 90.0}});
  EXPECT_FALSE(to_json(Event(error)).contains("close_reason"));
}

TEST(ProtocolMessages, TheRecordedConfigurationIsRead) {
  const auto parsed = parse_first(golden_json("config.json").dump());
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed.value().complaints.empty());
  const auto& config = std::get<SessionConfig>(parsed.value().message);
  EXPECT_TRUE(config.lora && config.walk_window && wants_audio(config));
  EXPECT_EQ(config.enabled_loras, (std::vector<std::string>{"alpha", "missing"}));
  EXPECT_EQ(config.lora_strengths.at("alpha"), 0.7);
  EXPECT_EQ(config.prompt_b, "ambient");
  EXPECT_EQ(config.fixture_name, "song.wav");
  EXPECT_EQ(config.stem_source_mode, StemMode::full);
}

TEST(ProtocolMessages, ConfigurationsOfTheTable) {
  const auto golden = golden_json("tables.json");
  for (const auto& row : golden["session_config"]) {
    SCOPED_TRACE(row[0].dump());
    const auto parsed = parse_first(row[0].dump());
    ASSERT_TRUE(parsed);
    const auto& config = std::get<SessionConfig>(parsed.value().message);
    if (row[1].is_string()) {
      // The original dies of a strength that is no number; we leave it out and say so.
      EXPECT_TRUE(config.lora_strengths.empty());
      EXPECT_EQ(parsed.value().complaints.size(), 1U);
      continue;
    }
    EXPECT_TRUE(parsed.value().complaints.empty());
    const auto& wanted = row[1];
    if (wanted.contains("lora_paths")) {
      EXPECT_EQ(config.lora_paths, wanted["lora_paths"].get<std::vector<std::string>>());
    }
    if (wanted.contains("lora_strengths")) {
      EXPECT_EQ(config.lora_strengths,
                (wanted["lora_strengths"].get<std::map<std::string, double>>()));
    }
    if (wanted.contains("depth")) {
      const auto& depth = wanted["depth"];
      EXPECT_EQ(config.depth,
                depth.is_string() ? std::stoi(depth.get<std::string>()) : depth.get<int>());
    }
    if (wanted.contains("vae_window")) {
      EXPECT_EQ(config.vae_window, wanted["vae_window"]);
      EXPECT_EQ(config.prompt, wanted["prompt"]);
      EXPECT_EQ(config.walk_window_s, wanted["walk_window_s"]);
      EXPECT_EQ(config.steps, wanted["steps"]);
      EXPECT_FALSE(config.prompt_b || config.fixture_name || config.client_id ||
                   config.stem_source_mode);
    } else if (wanted.contains("prompt_b")) {
      EXPECT_EQ(config.prompt_b, "");
    }
  }
}

// The table writes Python values: 'x' is a text, True a truth value.
nlohmann::json python_value(std::string text) {
  if (text == "None") return nullptr;
  if (text == "True") return true;
  for (auto& c : text) c = c == '\'' ? '"' : c;
  return nlohmann::json::parse(text);
}

TEST(ProtocolMessages, TimeSignaturesAndStemModesOfTheTables) {
  const auto tables = golden_json("tables.json");
  for (const auto& row : tables["time_signature"]) {
    std::vector<Complaint> complaints;
    std::optional<std::string> read;
    const nlohmann::json object{{"t", python_value(row[0].get<std::string>())}};
    FieldReader(object, complaints).time_signature("t", read);
    EXPECT_EQ(read ? nlohmann::json(*read) : nlohmann::json(), row[1]) << row[0];
  }
  for (const auto& row : tables["stem_mode"]) {
    std::vector<Complaint> complaints;
    std::optional<StemMode> read;
    const nlohmann::json object{{"m", python_value(row[0].get<std::string>())}};
    FieldReader(object, complaints).stem_mode("m", read);
    EXPECT_EQ(read ? nlohmann::json(std::string(to_string(*read))) : nlohmann::json(), row[1])
        << row[0];
  }
}

TEST(ProtocolMessages, EveryRecordedCommandIsTaken) {
  std::size_t commands = 0;
  for (const auto& frame : golden_json("transcript.json")) {
    if (!frame.contains("message")) continue;
    const auto parsed = parse_command(frame["message"].dump());
    ASSERT_TRUE(parsed) << frame["message"] << parsed.error().message;
    EXPECT_TRUE(parsed.value().complaints.empty()) << frame["message"];
    EXPECT_EQ(type_of(parsed.value().message), frame["type"].get<std::string>());
    ++commands;
  }
  EXPECT_GE(commands, 18U);
}

}  // namespace
}  // namespace headroom::wire
