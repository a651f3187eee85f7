// Made from src/wire/protocol.json by tools/wire. Do not edit.
// clang-format off
#include "wire/events.gen.h"
#include "wire/put.h"

namespace headroom::wire {

nlohmann::json to_json(const LoraMetadata& from) {
  nlohmann::json json = nlohmann::json::object();
  put(json, "id", from.id);
  put(json, "name", from.name);
  put_or_null(json, "description", from.description);
  put_or_null(json, "primary_trigger_word", from.primary_trigger_word);
  put(json, "trigger_words", from.trigger_words);
  put_or_null(json, "recommended_strength", from.recommended_strength);
  put_or_null(json, "recommended_steps", from.recommended_steps);
  put_or_null(json, "recommended_shift", from.recommended_shift);
  put_or_null(json, "recommended_guidance", from.recommended_guidance);
  put_or_null(json, "primary_genre", from.primary_genre);
  put(json, "secondary_genres", from.secondary_genres);
  put(json, "tags", from.tags);
  put(json, "moods", from.moods);
  put_or_null(json, "base_model", from.base_model);
  put_or_null(json, "base_model_scale", from.base_model_scale);
  put(json, "has_metadata", from.has_metadata);
  return json;
}

nlohmann::json to_json(const LoraEntry& from) {
  nlohmann::json json = nlohmann::json::object();
  put(json, "id", from.id);
  put(json, "name", from.name);
  put(json, "path", from.path);
  put(json, "state", from.state);
  put(json, "strength", from.strength);
  put(json, "materialized_bytes", from.materialized_bytes);
  put(json, "metadata", from.metadata);
  put(json, "compatible", from.compatible);
  return json;
}

nlohmann::json to_json(const Snapshot& from) {
  nlohmann::json json = nlohmann::json::object();
  put(json, "id", from.id);
  put(json, "started_at", from.started_at);
  put(json, "prompt", from.prompt);
  put_or_null(json, "prompt_b", from.prompt_b);
  put(json, "prompt_blend", from.prompt_blend);
  put(json, "duration", from.duration);
  put(json, "bpm", from.bpm);
  put(json, "key", from.key);
  put(json, "time_signature", from.time_signature);
  put_or_null(json, "fixture_name", from.fixture_name);
  put_or_null(json, "timbre_name", from.timbre_name);
  put(json, "timbre_strength", from.timbre_strength);
  put_or_null(json, "structure_name", from.structure_name);
  put(json, "lora_catalog", from.lora_catalog);
  put(json, "knob_values", from.knob_values);
  put(json, "channels", from.channels);
  put(json, "sample_rate", from.sample_rate);
  put_or_null(json, "stem_source_mode", from.stem_source_mode);
  put(json, "pipeline_depth", from.pipeline_depth);
  put_or_null(json, "loop_start_sec", from.loop_start_sec);
  put_or_null(json, "loop_end_sec", from.loop_end_sec);
  return json;
}

static nlohmann::json to_json(const Ready& from) {
  nlohmann::json json = {{"type", "ready"}};
  put(json, "duration", from.duration);
  put(json, "sample_rate", from.sample_rate);
  put(json, "channels", from.channels);
  put(json, "lora_dir", from.lora_dir);
  put(json, "lora_catalog", from.lora_catalog);
  put(json, "lora_pending_enable", from.lora_pending_enable);
  put(json, "bpm", from.bpm);
  put(json, "key", from.key);
  put(json, "time_signature", from.time_signature);
  put(json, "checkpoint", from.checkpoint);
  put_or_null(json, "checkpoint_scale", from.checkpoint_scale);
  put(json, "pipeline_depth", from.pipeline_depth);
  put(json, "max_pipeline_depth", from.max_pipeline_depth);
  put(json, "session_id", from.session_id);
  put(json, "protocol_version", from.protocol_version);
  put(json, "server", from.server);
  put(json, "resume_token", from.resume_token);
  put(json, "resumed", from.resumed);
  return json;
}

static nlohmann::json to_json(const InitError& from) {
  nlohmann::json json = {{"type", "error"}};
  put(json, "code", from.code);
  put(json, "message", from.message);
  put(json, "build_command", from.build_command);
  put(json, "duration_s", from.duration_s);
  put(json, "hint", from.hint);
  put(json, "required_bytes", from.required_bytes);
  put(json, "available_bytes", from.available_bytes);
  return json;
}

static nlohmann::json to_json(const RuntimeError& from) {
  nlohmann::json json = {{"type", "error"}};
  put(json, "code", from.code);
  put(json, "message", from.message);
  return json;
}

static nlohmann::json to_json(const ParamsUpdate& from) {
  nlohmann::json json = {{"type", "params_update"}};
  put(json, "params", from.params);
  return json;
}

static nlohmann::json to_json(const ParamsEcho& from) {
  nlohmann::json json = {{"type", "params_echo"}};
  put(json, "raw", from.raw);
  return json;
}

static nlohmann::json to_json(const PromptBlendEcho& from) {
  nlohmann::json json = {{"type", "prompt_blend_echo"}};
  put(json, "value", from.value);
  return json;
}

static nlohmann::json to_json(const PromptApplied& from) {
  nlohmann::json json = {{"type", "prompt_applied"}};
  put(json, "tags", from.tags);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const LoraCatalog& from) {
  nlohmann::json json = {{"type", "lora_catalog"}};
  put(json, "catalog", from.catalog);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const DepthApplied& from) {
  nlohmann::json json = {{"type", "depth_applied"}};
  put(json, "value", from.value);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const SwapReady& from) {
  nlohmann::json json = {{"type", "swap_ready"}};
  put(json, "duration", from.duration);
  put(json, "sample_rate", from.sample_rate);
  put(json, "channels", from.channels);
  put(json, "bpm", from.bpm);
  put(json, "key", from.key);
  put(json, "time_signature", from.time_signature);
  put_or_null(json, "fixture_name", from.fixture_name);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const SwapFailed& from) {
  nlohmann::json json = {{"type", "swap_failed"}};
  put(json, "error", from.error);
  put(json, "build_command", from.build_command);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const StemAssets& from) {
  nlohmann::json json = {{"type", "stem_assets"}};
  put(json, "fixture_name", from.fixture_name);
  put(json, "sample_rate", from.sample_rate);
  put(json, "channels", from.channels);
  put(json, "frames", from.frames);
  put(json, "stems", from.stems);
  put_or_empty(json, "source_mode", from.source_mode);
  return json;
}

static nlohmann::json to_json(const StemLinks& from) {
  nlohmann::json json = {{"type", "stem_links"}};
  put(json, "fixture_name", from.fixture_name);
  put(json, "vocals", from.vocals);
  put(json, "instruments", from.instruments);
  put_or_empty(json, "source_mode", from.source_mode);
  return json;
}

static nlohmann::json to_json(const StemFailed& from) {
  nlohmann::json json = {{"type", "stem_failed"}};
  put(json, "fixture_name", from.fixture_name);
  put(json, "error", from.error);
  return json;
}

static nlohmann::json to_json(const TimbreSet& from) {
  nlohmann::json json = {{"type", "timbre_set"}};
  put(json, "name", from.name);
  put(json, "duration", from.duration);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const TimbreCleared& from) {
  nlohmann::json json = {{"type", "timbre_cleared"}};
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const TimbreFailed& from) {
  nlohmann::json json = {{"type", "timbre_failed"}};
  put(json, "error", from.error);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const StructureSet& from) {
  nlohmann::json json = {{"type", "structure_set"}};
  put(json, "name", from.name);
  put(json, "duration", from.duration);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const StructureCleared& from) {
  nlohmann::json json = {{"type", "structure_cleared"}};
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const StructureFailed& from) {
  nlohmann::json json = {{"type", "structure_failed"}};
  put(json, "error", from.error);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const UploadOk& from) {
  nlohmann::json json = {{"type", "upload_ok"}};
  put(json, "name", from.name);
  put(json, "bpm", from.bpm);
  put(json, "key", from.key);
  put(json, "time_signature", from.time_signature);
  put(json, "duration_s", from.duration_s);
  put(json, "samples", from.samples);
  put(json, "stems_pending", from.stems_pending);
  put(json, "track_id", from.track_id);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const UploadFailed& from) {
  nlohmann::json json = {{"type", "upload_failed"}};
  put(json, "error", from.error);
  put(json, "code", from.code);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const CommandFailed& from) {
  nlohmann::json json = {{"type", "command_failed"}};
  put(json, "command", from.command);
  put(json, "field", from.field);
  put(json, "error", from.error);
  put(json, "request_id", from.request_id);
  return json;
}

static nlohmann::json to_json(const Warning& from) {
  nlohmann::json json = {{"type", "warning"}};
  put(json, "command", from.command);
  put(json, "field", from.field);
  put(json, "message", from.message);
  return json;
}

static nlohmann::json to_json(const Heartbeat& from) {
  nlohmann::json json = {{"type", "heartbeat"}};
  put(json, "paused", from.paused);
  return json;
}

static nlohmann::json to_json(const Memory& from) {
  nlohmann::json json = {{"type", "memory"}};
  put(json, "map", from.map);
  return json;
}

nlohmann::json to_json(const Event& event) {
  return std::visit(
      [](const auto& one) -> nlohmann::json {
        if constexpr (std::is_same_v<std::decay_t<decltype(one)>, Slice>) return nullptr;
        else return to_json(one);
      },
      event);
}

std::string_view type_of(const Event& event) {
  return std::visit([](const auto& one) { return std::string_view(one.kType); }, event);
}

Backpressure backpressure_of(const Event& event) {
  if (std::holds_alternative<Slice>(event)) return Backpressure::drop_oldest;
  if (std::holds_alternative<ParamsUpdate>(event)) return Backpressure::coalesce;
  if (std::holds_alternative<ParamsEcho>(event)) return Backpressure::coalesce;
  if (std::holds_alternative<PromptBlendEcho>(event)) return Backpressure::coalesce;
  if (std::holds_alternative<Warning>(event)) return Backpressure::coalesce;
  if (std::holds_alternative<Heartbeat>(event)) return Backpressure::coalesce;
  if (std::holds_alternative<Memory>(event)) return Backpressure::coalesce;
  return Backpressure::never_drop;
}

}  // namespace headroom::wire
