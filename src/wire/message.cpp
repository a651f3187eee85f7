#include "wire/message.h"

#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/strict_json.h"

namespace headroom::wire {

namespace {

// Deeper than any message of ours.
constexpr int kDeepest = 16;

Result<nlohmann::json, Refusal> parse_object(std::string_view text) {
  try {
    auto json = parse_strict_json(text, ErrorKind::input, "message", kDeepest);
    if (json.is_object()) return json;
    return Refusal{.message = fmt::format("a message is an object, not {}", kind_of(json))};
  } catch (const Error& error) {
    return Refusal{.message = error.what()};
  }
}

template <class T, class Message>
Result<Parsed<T>, Refusal> read_message(const nlohmann::json& json, Message message,
                                        std::string_view type) {
  Parsed<T> parsed{.message = T{}};
  FieldReader read(json, parsed.complaints);
  read_fields(read, message);
  if (!read.refusal()) {
    parsed.message = std::move(message);
    return parsed;
  }
  Refusal refusal{std::string(type), read.refusal()->field, read.refusal()->message, {}};
  if constexpr (requires { message.request_id; }) refusal.request_id = message.request_id;
  return refusal;
}

void make_finite(nlohmann::json& json) {
  if (json.is_number_float() && !std::isfinite(json.get<double>())) json = 0.0;
  if (json.is_structured()) {
    for (auto& item : json) make_finite(item);
  }
}

// A swap by name must say which.
std::optional<Refusal> contradiction(const Command& command) {
  const auto* const swap = std::get_if<SwapSource>(&command);
  if (swap == nullptr || !swap->use_server_source ||
      (swap->fixture_name && !swap->fixture_name->empty()))
    return std::nullopt;
  return Refusal{SwapSource::kType, "fixture_name",
                 "use_server_source needs fixture_name, the name of a track of the library",
                 swap->request_id};
}

}  // namespace

Result<Parsed<Command>, Refusal> parse_command(std::string_view text) {
  const auto json = parse_object(text);
  if (!json) return json.error();
  const auto type = json.value().find("type");
  if (type == json.value().end() || !type->is_string())
    return Refusal{.field = "type", .message = "type is missing; a text is expected"};
  const auto& name = type->get_ref<const std::string&>();
  auto command = command_of(name);
  if (!command) {
    return Refusal{printable(name, 40),
                   "type",
                   fmt::format("no command is called \"{}\"", printable(name, 40)),
                   {}};
  }
  auto parsed = std::visit(
      [&](auto& one) { return read_message<Command>(json.value(), std::move(one), name); },
      *command);
  if (parsed) {
    if (auto refusal = contradiction(parsed.value().message)) return *std::move(refusal);
  }
  return parsed;
}

Result<Parsed<FirstMessage>, Refusal> parse_first(std::string_view text) {
  const auto json = parse_object(text);
  if (!json) return json.error();
  const auto type = json.value().find("type");
  if (type != json.value().end() && *type == UploadTrack::kType)
    return read_message<FirstMessage>(json.value(), UploadTrack{}, UploadTrack::kType);
  return read_message<FirstMessage>(json.value(), SessionConfig{}, "");
}

Event failure_of(const Refusal& refusal) {
  return failure_of(refusal.command, refusal.field, refusal.message, refusal.request_id);
}

std::string dump(const nlohmann::json& json) {
  auto copy = json;
  make_finite(copy);
  return copy.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string text_of(const Event& event) { return dump(to_json(event)); }

}  // namespace headroom::wire
