// Made from src/wire/protocol.json by tools/wire. Do not edit.
// clang-format off
#include "wire/field_reader.h"
#include "wire/message.h"

namespace headroom::wire {

void read_fields(FieldReader& read, SessionConfig& out) {
  read.flag("sde", out.sde);
  read.flag("lora", out.lora);
  read.number("vae_window", out.vae_window, -1, 600);
  read.number("crop", out.crop, 0, 86400);
  read.integer("depth", out.depth, 1, 64);
  read.integer("steps", out.steps, 1, 64);
  read.text("prompt", out.prompt, 8192);
  read.text("prompt_b", out.prompt_b, 8192);
  read.flag("fast_vae", out.fast_vae);
  read.flag("walk_window", out.walk_window);
  read.number("walk_window_s", out.walk_window_s, 5, 600);
  read.text("fixture_name", out.fixture_name, 1024);
  read.flag("use_server_fixture", out.use_server_fixture);
  read.stem_mode("stem_source_mode", out.stem_source_mode);
  read.texts("enabled_loras", out.enabled_loras, 256);
  read.numbers("lora_strengths", out.lora_strengths, 0, 2);
  read.texts("lora_paths", out.lora_paths, 4096, "lora_path");
  read.label("client_id", out.client_id, 128);
  read.label("resume", out.resume, 128);
  read.flag("take_over", out.take_over);
  read.flag("stems_over_http", out.stems_over_http);
  read.flag("watch_memory", out.watch_memory);
  read.flag("compact", out.compact);
}

void read_fields(FieldReader& read, UploadTrack& out) {
  read.text("name", out.name, 1024);
  read.label("key", out.key, 64);
  read.time_signature("time_signature", out.time_signature);
  read.label("client_id", out.client_id, 128);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, Params& out) {
  read.knobs("raw", out.raw);
  read.number("playback_pos", out.playback_pos, 0, 1000000000.0);
  read.number("slice_bytes_rx", out.slice_bytes_rx, 0, 1e+18);
  read.number("slice_lead_s", out.slice_lead_s, -1000000.0, 1000000.0);
  read.number("client_time", out.client_time, -1e+18, 1e+18);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, LoopBand& out) {
  read.number("start_sec", out.start_sec, 0, 1000000000.0);
  read.number("end_sec", out.end_sec, 0, 1000000000.0);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, Prompt& out) {
  read.must("tags", read.text("tags", out.tags, 8192));
  read.text("tags_b", out.tags_b, 8192);
  read.label("key", out.key, 64);
  read.time_signature("time_signature", out.time_signature);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, PromptBlend& out) {
  read.number("value", out.value, 0, 1);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, SetDepth& out) {
  read.must("value", read.integer("value", out.value, 1, 64));
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, EnableLora& out) {
  read.must("id", read.text("id", out.id, 256));
  read.number("strength", out.strength, 0, 2);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, DisableLora& out) {
  read.must("id", read.text("id", out.id, 256));
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, TimbreStrength& out) {
  read.number("value", out.value, 0, 1);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, TimbreSource& out) {
  read.text("name", out.name, 1024);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, TimbreFixture& out) {
  read.text("name", out.name, 1024);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, ClearTimbre& out) {
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, StructureSource& out) {
  read.text("name", out.name, 1024);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, StructureFixture& out) {
  read.text("name", out.name, 1024);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, ClearStructure& out) {
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, SwapSource& out) {
  read.text("tags", out.tags, 8192);
  read.label("key", out.key, 64);
  read.time_signature("time_signature", out.time_signature);
  read.text("fixture_name", out.fixture_name, 1024);
  read.stem_mode("stem_source_mode", out.stem_source_mode);
  read.flag("use_server_source", out.use_server_source);
  read.label("request_id", out.request_id, 64);
}

void read_fields(FieldReader& read, WatchMemory& out) {
  read.flag("on", out.on);
  read.label("request_id", out.request_id, 64);
}

std::optional<Command> command_of(std::string_view type) {
  if (type == Params::kType) return Params{};
  if (type == LoopBand::kType) return LoopBand{};
  if (type == Prompt::kType) return Prompt{};
  if (type == PromptBlend::kType) return PromptBlend{};
  if (type == SetDepth::kType) return SetDepth{};
  if (type == EnableLora::kType) return EnableLora{};
  if (type == DisableLora::kType) return DisableLora{};
  if (type == TimbreStrength::kType) return TimbreStrength{};
  if (type == TimbreSource::kType) return TimbreSource{};
  if (type == TimbreFixture::kType) return TimbreFixture{};
  if (type == ClearTimbre::kType) return ClearTimbre{};
  if (type == StructureSource::kType) return StructureSource{};
  if (type == StructureFixture::kType) return StructureFixture{};
  if (type == ClearStructure::kType) return ClearStructure{};
  if (type == SwapSource::kType) return SwapSource{};
  if (type == WatchMemory::kType) return WatchMemory{};
  return std::nullopt;
}

std::string_view type_of(const Command& command) {
  return std::visit([](const auto& one) { return std::string_view(one.kType); }, command);
}

const std::optional<std::string>& request_id_of(const Command& command) {
  return std::visit([](const auto& one) -> const std::optional<std::string>& { return one.request_id; }, command);
}

bool wants_audio(const SessionConfig& config) {
  return !config.use_server_fixture;
}

bool wants_audio(const Command& command) {
  if (std::holds_alternative<TimbreSource>(command)) return true;
  if (std::holds_alternative<StructureSource>(command)) return true;
  if (const auto* one = std::get_if<SwapSource>(&command)) return !(*one).use_server_source;
  return false;
}

Event failure_of(std::string_view command, std::string_view field, std::string error,
                 const std::optional<std::string>& request_id) {
  if (command == "set_timbre_source") {
    TimbreFailed event;
    event.error = std::move(error);
    event.request_id = request_id;
    return event;
  }
  if (command == "set_timbre_fixture") {
    TimbreFailed event;
    event.error = std::move(error);
    event.request_id = request_id;
    return event;
  }
  if (command == "set_structure_source") {
    StructureFailed event;
    event.error = std::move(error);
    event.request_id = request_id;
    return event;
  }
  if (command == "set_structure_fixture") {
    StructureFailed event;
    event.error = std::move(error);
    event.request_id = request_id;
    return event;
  }
  if (command == "swap_source") {
    SwapFailed event;
    event.error = std::move(error);
    event.request_id = request_id;
    return event;
  }
  CommandFailed event;
  event.command = command;
  event.field = field;
  event.error = std::move(error);
  event.request_id = request_id;
  return event;
}

}  // namespace headroom::wire
