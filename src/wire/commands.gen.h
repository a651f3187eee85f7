// Made from src/wire/protocol.json by tools/wire. Do not edit.
// clang-format off
// What a client says.
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

/// First text frame of a main session.
struct SessionConfig {
  bool sde = false;  // Stochastic sampler: sde_amp instead of denoise, and periodicity.
  bool lora = false;  // LoRA support for this session.
  double vae_window = 0.36;  // Kept window of a slice, s; 0 or less: the whole buffer.
  double crop = 0.0;  // Only the first seconds of the initial source; 0: all.
  std::int64_t depth = 4;  // Pipeline depth; the session clamps further.
  std::int64_t steps = 8;  // Diffusion steps.
  std::string prompt = "instrumental music";
  std::optional<std::string> prompt_b{};  // Absent: same as prompt.
  bool fast_vae = false;
  bool walk_window = false;  // Long sources in pieces.
  double walk_window_s = 60.0;  // s.
  std::optional<std::string> fixture_name{};  // Label; the library is asked by this name.
  bool use_server_fixture = false;  // The server loads the track; no PCM follows.
  std::optional<StemMode> stem_source_mode{};
  std::vector<std::string> enabled_loras{};
  std::map<std::string, double> lora_strengths{};
  std::vector<std::string> lora_paths{};  // Files to register; counts only inside the server's LoRA folders.
  std::optional<std::string> client_id{};  // Who: owner of uploads, same client after a reconnect.
  std::optional<std::string> resume{};  // Ours: ready.resume_token of the session to take up again.
  bool take_over = false;  // Ours: a person asked for it, so it counts even right after this client was preempted.
  bool stems_over_http = false;  // Ours: stem_links instead of stem_assets.
  bool watch_memory = false;  // Ours: memory events on this socket.
  bool compact = false;  // Ours: params_update holds only what changed.
};

/// "upload_track". First text frame of an upload channel.
struct UploadTrack {
  static constexpr const char* kType = "upload_track";
  std::string name = "upload";
  std::optional<std::string> key{};  // Overrides what analysis finds.
  std::optional<std::string> time_signature{};
  std::optional<std::string> client_id{};  // Ours: owner of the track.
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "params". Knobs and playhead; every 8 ms while playing.
struct Params {
  static constexpr const char* kType = "params";
  nlohmann::json raw = nlohmann::json::object();  // All knobs, or those that changed.
  std::optional<double> playback_pos{};  // s in the buffer; absent: as before.
  std::optional<double> slice_bytes_rx{};  // Bytes of slices received so far: flow control.
  std::optional<double> slice_lead_s{};  // Worst lead of a slice before the playhead since the last report, s.
  std::optional<double> client_time{};  // s of the client's clock.
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "loop_band". Arms a band; without both ends, or with end before start, clears it.
struct LoopBand {
  static constexpr const char* kType = "loop_band";
  std::optional<double> start_sec{};
  std::optional<double> end_sec{};
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "prompt". New prompt A, and B if given; without B, B becomes A.
struct Prompt {
  static constexpr const char* kType = "prompt";
  std::string tags{};
  std::optional<std::string> tags_b{};
  std::optional<std::string> key{};  // For this prompt alone.
  std::optional<std::string> time_signature{};  // Stays.
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "set_prompt_blend". From A to B.
struct PromptBlend {
  static constexpr const char* kType = "set_prompt_blend";
  double value = 0.0;
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "set_depth". Pipeline depth; the session clamps to what it can.
struct SetDepth {
  static constexpr const char* kType = "set_depth";
  std::int64_t value = 0;
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "enable_lora". Lands at its strength in one step.
struct EnableLora {
  static constexpr const char* kType = "enable_lora";
  std::string id{};
  std::optional<double> strength{};  // Absent: what its maker recommends, or 1.
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "disable_lora".
struct DisableLora {
  static constexpr const char* kType = "disable_lora";
  std::string id{};
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "set_timbre_strength". 0: silence as reference, 1: the reference itself.
struct TimbreStrength {
  static constexpr const char* kType = "set_timbre_strength";
  double value = 1.0;
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "set_timbre_source". The clip that follows becomes the timbre reference.
struct TimbreSource {
  static constexpr const char* kType = "set_timbre_source";
  std::string name = "timbre";
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "set_timbre_fixture". A track of the library becomes the timbre reference.
struct TimbreFixture {
  static constexpr const char* kType = "set_timbre_fixture";
  std::string name{};
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "clear_timbre_source". Back to the timbre of the source itself.
struct ClearTimbre {
  static constexpr const char* kType = "clear_timbre_source";
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "set_structure_source". The clip that follows becomes the structure reference.
struct StructureSource {
  static constexpr const char* kType = "set_structure_source";
  std::string name = "structure";
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "set_structure_fixture". A track of the library becomes the structure reference.
struct StructureFixture {
  static constexpr const char* kType = "set_structure_fixture";
  std::string name{};
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "clear_structure_source". Back to the structure of the source itself.
struct ClearStructure {
  static constexpr const char* kType = "clear_structure_source";
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "swap_source". Another track, while the old one plays on until it is ready.
struct SwapSource {
  static constexpr const char* kType = "swap_source";
  std::optional<std::string> tags{};  // New prompt A.
  std::optional<std::string> key{};
  std::optional<std::string> time_signature{};
  std::optional<std::string> fixture_name{};  // Label, or the name to load.
  std::optional<StemMode> stem_source_mode{};
  bool use_server_source = false;  // Load fixture_name; no PCM follows.
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

/// "watch_memory". Ours: memory events on this socket, or no more of them.
struct WatchMemory {
  static constexpr const char* kType = "watch_memory";
  bool on = true;
  std::optional<std::string> request_id{};  // Ours: comes back in the answer.
};

using Command = std::variant<Params, LoopBand, Prompt, PromptBlend, SetDepth, EnableLora, DisableLora, TimbreStrength, TimbreSource, TimbreFixture, ClearTimbre, StructureSource, StructureFixture, ClearStructure, SwapSource, WatchMemory>;

/// The command's type as it stands on the wire.
std::string_view type_of(const Command& command);

/// Whether a PCM frame follows.
bool wants_audio(const Command& command);
bool wants_audio(const SessionConfig& config);

/// Members of a message into it; what they complain about stays with the reader.
class FieldReader;
void read_fields(FieldReader& read, SessionConfig& out);
void read_fields(FieldReader& read, UploadTrack& out);
void read_fields(FieldReader& read, Params& out);
void read_fields(FieldReader& read, LoopBand& out);
void read_fields(FieldReader& read, Prompt& out);
void read_fields(FieldReader& read, PromptBlend& out);
void read_fields(FieldReader& read, SetDepth& out);
void read_fields(FieldReader& read, EnableLora& out);
void read_fields(FieldReader& read, DisableLora& out);
void read_fields(FieldReader& read, TimbreStrength& out);
void read_fields(FieldReader& read, TimbreSource& out);
void read_fields(FieldReader& read, TimbreFixture& out);
void read_fields(FieldReader& read, ClearTimbre& out);
void read_fields(FieldReader& read, StructureSource& out);
void read_fields(FieldReader& read, StructureFixture& out);
void read_fields(FieldReader& read, ClearStructure& out);
void read_fields(FieldReader& read, SwapSource& out);
void read_fields(FieldReader& read, WatchMemory& out);

/// A command of that type with nothing set.
std::optional<Command> command_of(std::string_view type);

/// The request id of a command, for its answer.
const std::optional<std::string>& request_id_of(const Command& command);

}  // namespace headroom::wire
