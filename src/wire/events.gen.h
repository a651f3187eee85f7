// Made from src/wire/protocol.json by tools/wire. Do not edit.
// clang-format off
// What the server says.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"
#include "wire/types.h"

namespace headroom::wire {

/// What its maker says about a LoRA.
struct LoraMetadata {
  std::string id{};  // File stem.
  std::string name{};  // For people.
  std::optional<std::string> description{};
  std::optional<std::string> primary_trigger_word{};
  std::vector<std::string> trigger_words{};
  std::optional<double> recommended_strength{};
  std::optional<std::int64_t> recommended_steps{};
  std::optional<double> recommended_shift{};
  std::optional<double> recommended_guidance{};
  std::optional<std::string> primary_genre{};
  std::vector<std::string> secondary_genres{};
  std::vector<std::string> tags{};
  std::vector<std::string> moods{};
  std::optional<std::string> base_model{};
  std::optional<std::string> base_model_scale{};  // 2B, 5B.
  bool has_metadata = false;  // From a sidecar.
};

/// One LoRA of the catalogue.
struct LoraEntry {
  std::string id{};
  std::string name{};
  std::string path{};  // Relative to the folder of LoRAs.
  std::string state = "registered";  // registered, enabled.
  double strength = 0.0;
  std::int64_t materialized_bytes = 0;
  LoraMetadata metadata{};
  bool compatible = true;  // Ours: fits the checkpoint.
};

/// State of a session, for the control bus and for a client that comes back.
struct Snapshot {
  std::string id{};
  double started_at = 0.0;  // Unix time, s.
  std::string prompt{};
  std::optional<std::string> prompt_b{};
  double prompt_blend = 0.0;
  double duration = 0.0;  // Of the buffer, s.
  std::int64_t bpm = 0;
  std::string key{};
  std::string time_signature{};
  std::optional<std::string> fixture_name{};  // Of the track that plays now.
  std::optional<std::string> timbre_name{};
  double timbre_strength = 1.0;
  std::optional<std::string> structure_name{};
  std::vector<LoraEntry> lora_catalog{};
  nlohmann::json knob_values = nlohmann::json::object();
  std::int64_t channels = 2;
  std::int64_t sample_rate = 48000;
  std::optional<StemMode> stem_source_mode{};  // Ours.
  std::int64_t pipeline_depth = 0;  // Ours.
  std::optional<double> loop_start_sec{};  // Ours.
  std::optional<double> loop_end_sec{};  // Ours.
};

/// "ready". Once, after set-up; the buffer is the next frame.
struct Ready {
  static constexpr const char* kType = "ready";
  double duration = 0.0;  // Of the buffer, s.
  std::int64_t sample_rate = 48000;
  std::int64_t channels = 2;
  std::string lora_dir = "loras";
  std::vector<LoraEntry> lora_catalog{};
  std::vector<std::string> lora_pending_enable{};
  std::int64_t bpm = 0;
  std::string key{};
  std::string time_signature = "4";
  std::string checkpoint{};
  std::optional<std::string> checkpoint_scale{};  // 2B, 5B.
  std::int64_t pipeline_depth = 4;
  std::int64_t max_pipeline_depth = 4;
  std::string session_id{};
  std::int64_t protocol_version = 1;  // Ours.
  std::string server = "headroom";  // Ours.
  std::optional<std::string> resume_token{};  // Ours: takes this session up again after a lost connection.
  std::optional<Snapshot> resumed{};  // Ours: the state that was taken up again; absent in a new session.
  AudioBlock buffer{};  // the frame that follows
};

/// "error". Set-up failed; a close with 1011 follows.
struct InitError {
  static constexpr const char* kType = "error";
  std::string code = "internal";
  std::string message{};
  std::optional<std::string> build_command{};
  std::optional<double> duration_s{};
  std::optional<std::string> hint{};  // Ours: what to do.
  std::optional<std::int64_t> required_bytes{};  // Ours.
  std::optional<std::int64_t> available_bytes{};  // Ours.
  std::string close_reason = "session could not start";  // At most 123 bytes.
};

/// "error". Ours: the session failed while it ran; a close with 1011 follows.
struct RuntimeError {
  static constexpr const char* kType = "error";
  std::string code = "runtime_error";
  std::string message{};
};

/// "params_update". What the engine plays with, after a slice.
struct ParamsUpdate {
  static constexpr const char* kType = "params_update";
  nlohmann::json params = nlohmann::json::object();
};

/// "params_echo". Knobs that the control bus asks the client to move.
struct ParamsEcho {
  static constexpr const char* kType = "params_echo";
  nlohmann::json raw = nlohmann::json::object();
};

/// "prompt_blend_echo". The same for the blend.
struct PromptBlendEcho {
  static constexpr const char* kType = "prompt_blend_echo";
  double value = 0.0;
};

/// "prompt_applied". The prompt is live.
struct PromptApplied {
  static constexpr const char* kType = "prompt_applied";
  std::string tags{};  // Prompt A as it came.
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "lora_catalog". After enables or disables were applied.
struct LoraCatalog {
  static constexpr const char* kType = "lora_catalog";
  std::vector<LoraEntry> catalog{};
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "depth_applied". The depth has changed.
struct DepthApplied {
  static constexpr const char* kType = "depth_applied";
  std::int64_t value = 0;
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "swap_ready". Another source plays; its buffer is the next frame.
struct SwapReady {
  static constexpr const char* kType = "swap_ready";
  double duration = 0.0;
  std::int64_t sample_rate = 48000;
  std::int64_t channels = 2;
  std::int64_t bpm = 0;
  std::string key{};
  std::string time_signature = "4";
  std::optional<std::string> fixture_name{};
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
  AudioBlock buffer{};  // the frame that follows
};

/// "swap_failed". The old source plays on.
struct SwapFailed {
  static constexpr const char* kType = "swap_failed";
  std::string error{};
  std::optional<std::string> build_command{};
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "stem_assets". As many buffers follow as stems has entries.
struct StemAssets {
  static constexpr const char* kType = "stem_assets";
  std::string fixture_name{};
  std::int64_t sample_rate = 48000;
  std::int64_t channels = 2;
  std::int64_t frames = 0;  // Samples per channel.
  std::vector<std::string> stems{"vocals", "instruments"};
  std::optional<StemMode> source_mode{};  // Absent is written as "": a late push that changes no mode.
  std::vector<AudioBlock> audio{};  // one for each of stems
};

/// "stem_links". Ours: stems to be fetched by HTTP, for clients that asked for that.
struct StemLinks {
  static constexpr const char* kType = "stem_links";
  std::string fixture_name{};
  std::string vocals{};  // Path on this server.
  std::string instruments{};
  std::optional<StemMode> source_mode{};
};

/// "stem_failed". No stems, but the track plays.
struct StemFailed {
  static constexpr const char* kType = "stem_failed";
  std::string fixture_name{};
  std::string error{};
};

/// "timbre_set".
struct TimbreSet {
  static constexpr const char* kType = "timbre_set";
  std::string name{};
  double duration = 0.0;  // After capping, s.
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "timbre_cleared".
struct TimbreCleared {
  static constexpr const char* kType = "timbre_cleared";
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "timbre_failed". The previous reference stays.
struct TimbreFailed {
  static constexpr const char* kType = "timbre_failed";
  std::string error{};
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "structure_set".
struct StructureSet {
  static constexpr const char* kType = "structure_set";
  std::string name{};
  double duration = 0.0;  // Before fitting, s.
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "structure_cleared".
struct StructureCleared {
  static constexpr const char* kType = "structure_cleared";
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "structure_failed".
struct StructureFailed {
  static constexpr const char* kType = "structure_failed";
  std::string error{};
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "upload_ok". The track can be played; stems may follow.
struct UploadOk {
  static constexpr const char* kType = "upload_ok";
  std::string name{};  // The name it got.
  std::int64_t bpm = 0;
  std::string key{};
  std::string time_signature = "4";
  double duration_s = 0.0;
  std::int64_t samples = 0;
  bool stems_pending = false;
  std::optional<std::string> track_id{};  // Ours.
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "upload_failed". Nothing was kept.
struct UploadFailed {
  static constexpr const char* kType = "upload_failed";
  std::string error{};
  std::optional<std::string> code{};  // Ours: quota, disk_full, too_short, too_long, bad_frame, memory_refused, internal.
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "command_failed". Ours: a command that was not carried out.
struct CommandFailed {
  static constexpr const char* kType = "command_failed";
  std::string command{};
  std::string field{};  // Path of the member at fault; empty: the whole.
  std::string error{};
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "warning". Ours: something of a message was ignored.
struct Warning {
  static constexpr const char* kType = "warning";
  std::string command{};
  std::string field{};
  std::string message{};
};

/// "heartbeat". Ours: the session lives although no slices come.
struct Heartbeat {
  static constexpr const char* kType = "heartbeat";
  bool paused = false;
};

/// "memory". Ours: what the device holds, for those who watch.
struct Memory {
  static constexpr const char* kType = "memory";
  nlohmann::json map = nlohmann::json::object();  // As GET /v1/memory.
};

using Event = std::variant<Ready, InitError, RuntimeError, Slice, ParamsUpdate, ParamsEcho, PromptBlendEcho, PromptApplied, LoraCatalog, DepthApplied, SwapReady, SwapFailed, StemAssets, StemLinks, StemFailed, TimbreSet, TimbreCleared, TimbreFailed, StructureSet, StructureCleared, StructureFailed, UploadOk, UploadFailed, CommandFailed, Warning, Heartbeat, Memory>;

/// The event's type as it stands on the wire; "slice" for a slice.
std::string_view type_of(const Event& event);

/// What a full queue may do with it.
Backpressure backpressure_of(const Event& event);

/// Its text frame; a slice has none.
nlohmann::json to_json(const Event& event);
nlohmann::json to_json(const LoraMetadata& record);
nlohmann::json to_json(const LoraEntry& record);
nlohmann::json to_json(const Snapshot& record);

}  // namespace headroom::wire
