#include "server/mcp.h"

#include <array>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "wire/constants.gen.h"
#include "wire/field_reader.h"
#include "wire/frames.h"
#include "wire/knobs.h"
#include "wire/message.h"

namespace headroom::server {
namespace {

using nlohmann::json;

constexpr const char* kMcpVersion = "2024-11-05";
constexpr int kBadRequest = -32600;
constexpr int kNoMethod = -32601;
constexpr int kBadArguments = -32602;
constexpr int kNoJson = -32700;

struct Argument {
  const char* name;
  const char* type;  // JSON schema's: string, number, object
  bool required;
};
struct Tool {
  const char* name;
  const char* doc;
  std::vector<Argument> arguments;
  const char* command = nullptr;  // sent with the arguments as they are
};

const Argument kStrength{"strength", "number", false};
const Argument kKey{"key", "string", false};
const Argument kSignature{"time_signature", "string", false};

const std::vector<Tool>& tools() {
  static const std::vector<Tool> all{
      {"list_sessions", "Sessions that play, newest first.", {}},
      {"session_state", "What a session plays: prompts, track, knobs.", {}},
      {"list_fixtures", "Tracks that the server has.", {}},
      {"list_loras", "LoRAs that the server has.", {}},
      {"get_lora_metadata", "What its maker says about a LoRA.", {{"lora_id", "string", true}}},
      {"list_knobs", "All knobs with ranges, and where they stand.", {}},
      {"set_prompt",
       "New prompt A, and B if given.",
       {{"prompt", "string", true}, {"prompt_b", "string", false}, kKey, kSignature}},
      {"set_prompt_blend",
       "From prompt A (0) to B (1).",
       {{"value", "number", true}},
       "set_prompt_blend"},
      {"set_knob", "Turns one knob.", {{"name", "string", true}, {"value", "number", true}}},
      {"set_knobs", "Turns several knobs.", {{"values", "object", true}}},
      {"get_knob", "Where a knob stands.", {{"name", "string", true}}},
      {"set_rcfg_mode", "off, self, initialize or full.", {{"mode", "string", true}}},
      {"enable_lora", "Adds a LoRA.", {{"lora_id", "string", true}, kStrength}},
      {"disable_lora", "Takes a LoRA away.", {{"lora_id", "string", true}}},
      {"set_timbre_strength",
       "0: none, 1: the reference itself.",
       {{"value", "number", true}},
       "set_timbre_strength"},
      {"set_timbre_fixture",
       "A track as timbre reference.",
       {{"name", "string", true}},
       "set_timbre_fixture"},
      {"set_timbre_audio",
       "A local file as timbre reference.",
       {{"audio_file", "string", true}, {"name", "string", false}}},
      {"clear_timbre", "Back to the source's timbre.", {}, "clear_timbre_source"},
      {"set_structure_fixture",
       "A track as structure reference.",
       {{"name", "string", true}},
       "set_structure_fixture"},
      {"set_structure_audio",
       "A local file as structure reference.",
       {{"audio_file", "string", true}, {"name", "string", false}}},
      {"clear_structure", "Back to the source's structure.", {}, "clear_structure_source"},
      {"swap_to_fixture",
       "Another track of the server.",
       {{"name", "string", true}, {"prompt", "string", false}, kKey, kSignature}},
      {"swap_to_audio",
       "A local file as the source.",
       {{"audio_file", "string", true},
        {"name", "string", false},
        {"prompt", "string", false},
        kKey,
        kSignature}},
  };
  return all;
}

// The caller's fault, in words for an assistant.
[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::input, why); }

std::string text_of(const json& arguments, const char* name) {
  const auto found = arguments.find(name);
  return found != arguments.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void copy_text(const json& from, const char* name, json& to, const char* as) {
  if (const auto text = text_of(from, name); !text.empty()) to[as] = text;
}

void check(const Tool& tool, const json& arguments) {
  for (const auto& argument : tool.arguments) {
    const auto found = arguments.find(argument.name);
    if (found == arguments.end()) {
      if (argument.required) refuse(fmt::format("{} is missing", argument.name));
      continue;
    }
    const std::string_view type = argument.type;
    const bool good = type == "string"   ? found->is_string()
                      : type == "object" ? found->is_object()
                                         : wire::number_of(*found).has_value();
    if (!good)
      refuse(fmt::format("{} is {}; a {} is expected", argument.name, wire::kind_of(*found), type));
  }
}

json response(const json& id, const json& result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", result}};
}

json failure(const json& id, int code, const std::string& message) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", code}, {"message", message}}}};
}

std::string swap_name(const json& arguments) {
  auto name = text_of(arguments, "name");
  const auto file = text_of(arguments, "audio_file");
  return name.empty() ? file.substr(file.rfind('/') + 1) : name;
}

}  // namespace

json mcp_tools() {
  auto list = json::array();
  for (const auto& tool : tools()) {
    json properties{{"session_id", {{"type", "string"}, {"description", "Default: the newest."}}}};
    auto required = json::array();
    for (const auto& argument : tool.arguments) {
      properties[argument.name] = {{"type", argument.type}};
      if (argument.required) required.push_back(argument.name);
    }
    list.push_back({{"name", tool.name},
                    {"description", tool.doc},
                    {"inputSchema",
                     {{"type", "object"}, {"properties", properties}, {"required", required}}}});
  }
  return list;
}

json McpServer::get_json(const std::string& target) {
  const auto answer = world_.get(target);
  if (answer.status != 200)
    refuse(fmt::format("the server answers {} with status {}", target, answer.status));
  return json::parse(answer.body);
}

std::string McpServer::session_of(const json& arguments) {
  auto id = text_of(arguments, "session_id");
  if (!id.empty()) return id;
  const auto answer = world_.control("/sessions", std::nullopt);
  if (answer.status == 0) refuse("the server cannot be reached; is headroom serve running?");
  const auto sessions = json::parse(answer.body, nullptr, false);
  if (!sessions.is_array() || sessions.empty())
    refuse("no session plays; start one in the browser");
  return sessions[0].value("id", "");
}

json McpServer::state(const json& arguments) {
  const auto answer = world_.control("/sessions/" + session_of(arguments), std::nullopt);
  if (answer.status != 200) refuse("there is no such session");
  return json::parse(answer.body);
}

json McpServer::send(const json& arguments, const json& command,
                     const std::optional<wire::Pcm>& audio) {
  const auto text = command.dump();
  std::string body(4, '\0');
  for (unsigned i = 0; i < 4; ++i) body[i] = static_cast<char>(text.size() >> (8U * i));
  body += text;
  if (audio) {
    const auto frame = wire::make_pcm(audio->samples, audio->channels);
    body.append(frame.begin(), frame.end());
  }
  const auto answer = world_.control("/sessions/" + session_of(arguments) + "/cmd", body);
  auto said = json::parse(answer.body, nullptr, false);
  if (answer.status != 200)
    refuse(said.is_object() ? said.value("error", "refused") : "the server cannot be reached");
  return said;
}

json McpServer::set_knobs(const json& arguments, const json& raw) {
  std::vector<wire::Complaint> complaints;
  const auto good = wire::checked_knobs(raw, "values", complaints);
  if (!complaints.empty()) refuse(complaints[0].message);
  return send(arguments, {{"type", "params"}, {"raw", good}, {"playback_pos", 0}});
}

json McpServer::call(const std::string& name, const json& arguments) {
  const Tool* tool = nullptr;
  for (const auto& one : tools()) {
    if (name == one.name) tool = &one;
  }
  if (tool == nullptr) refuse(fmt::format("there is no tool {}", printable(name, 40)));
  check(*tool, arguments);
  if (tool->command != nullptr) {
    json command = arguments;
    command.erase("session_id");
    command["type"] = tool->command;
    return send(arguments, command);
  }
  if (name == "list_sessions") return json::parse(world_.control("/sessions", std::nullopt).body);
  if (name == "session_state") return state(arguments);
  if (name == "list_fixtures") return get_json("/api/fixtures");
  if (name == "list_loras") return get_json("/api/loras");
  if (name == "list_knobs")
    return {{"knobs", wire::knobs_json()},
            {"values", state(arguments).value("knob_values", json::object())}};
  if (name == "set_knob")
    return set_knobs(arguments, {{text_of(arguments, "name"), arguments["value"]}});
  if (name == "set_knobs") return set_knobs(arguments, arguments["values"]);
  if (name == "set_rcfg_mode") return set_knobs(arguments, {{"rcfg_mode", arguments["mode"]}});
  if (name == "get_knob") {
    const auto values = state(arguments).value("knob_values", json::object());
    const auto found = values.find(text_of(arguments, "name"));
    if (found == values.end()) refuse("that knob was never turned, or is none");
    return *found;
  }
  if (name == "get_lora_metadata") {
    const auto answer = get_json("/api/loras");
    for (const auto& lora : answer["loras"]) {
      if (lora.value("id", "") == text_of(arguments, "lora_id")) return lora;
    }
    refuse("there is no LoRA of that id");
  }
  json command{{"type", name}};
  if (name == "enable_lora" || name == "disable_lora") {
    command["id"] = arguments["lora_id"];
    if (arguments.contains("strength")) command["strength"] = arguments["strength"];
    return send(arguments, command);
  }
  copy_text(arguments, "key", command, "key");
  copy_text(arguments, "time_signature", command, "time_signature");
  if (name == "set_prompt") {
    command["type"] = "prompt";
    copy_text(arguments, "prompt", command, "tags");
    copy_text(arguments, "prompt_b", command, "tags_b");
    return send(arguments, command);
  }
  const bool swap = name.starts_with("swap_to_");
  command["type"] = swap                         ? "swap_source"
                    : name == "set_timbre_audio" ? "set_timbre_source"
                                                 : "set_structure_source";
  command[swap ? "fixture_name" : "name"] = swap_name(arguments);
  copy_text(arguments, "prompt", command, "tags");
  if (name != "swap_to_fixture")
    return send(arguments, command, world_.load(text_of(arguments, "audio_file")));
  command["use_server_source"] = true;
  return send(arguments, command);
}

std::optional<std::string> McpServer::answer(const std::string& line) {
  const auto request = json::parse(line, nullptr, false);
  if (request.is_discarded()) return wire::dump(failure(nullptr, kNoJson, "that is no JSON"));
  const auto id = request.is_object() ? request.value("id", json()) : json();
  if (!request.is_object() || !request.contains("method") || !request["method"].is_string())
    return wire::dump(failure(id, kBadRequest, "a request has a method"));
  const auto method = request["method"].get<std::string>();
  if (!request.contains("id")) return std::nullopt;  // a notification
  if (method == "initialize") {
    return wire::dump(response(id, {{"protocolVersion", kMcpVersion},
                                    {"capabilities", {{"tools", json::object()}}},
                                    {"serverInfo", {{"name", "headroom"}, {"version", "1"}}}}));
  }
  if (method == "ping") return wire::dump(response(id, json::object()));
  if (method == "tools/list") return wire::dump(response(id, {{"tools", mcp_tools()}}));
  if (method != "tools/call")
    return wire::dump(failure(id, kNoMethod, "there is no method " + printable(method, 40)));
  const auto parameters = request.value("params", json::object());
  if (!parameters.is_object() || !parameters.contains("name") || !parameters["name"].is_string())
    return wire::dump(failure(id, kBadArguments, "a call has a name"));
  const auto arguments = parameters.value("arguments", json::object());
  json result{{"isError", false}};
  try {
    if (!arguments.is_object()) refuse("arguments are an object");
    const auto found = call(parameters["name"].get<std::string>(), arguments);
    result["content"] = json::array({{{"type", "text"}, {"text", wire::dump(found)}}});
  } catch (const std::exception& error) {
    result["isError"] = true;
    result["content"] = json::array({{{"type", "text"}, {"text", printable(error.what(), 400)}}});
  }
  return wire::dump(response(id, result));
}

}  // namespace headroom::server
