// Text frames: from bytes of a stranger to typed messages, and from events to text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "wire/commands.gen.h"
#include "wire/events.gen.h"
#include "wire/field_reader.h"

namespace headroom::wire {

/// A message, and what of it was ignored.
template <class T>
struct Parsed {
  T message;
  std::vector<Complaint> complaints{};
};

/// Why a text frame is no message. `command` is its type, as far as it could be read.
struct Refusal {
  std::string command{};
  std::string field{};    // empty: the whole frame
  std::string message{};  // one readable line
  std::optional<std::string> request_id{};
};

using FirstMessage = std::variant<SessionConfig, UploadTrack>;

/// A text frame of a session that runs. Refused: what is no JSON object, types that nobody knows,
/// required members that are missing or wrong. Never throws for any bytes.
Result<Parsed<Command>, Refusal> parse_command(std::string_view text);

/// The first text frame of a connection.
Result<Parsed<FirstMessage>, Refusal> parse_first(std::string_view text);

/// The event that answers a command that could not be carried out: its own kind of failure where
/// the protocol has one, because clients wait for that, otherwise command_failed.
Event failure_of(std::string_view command, std::string_view field, std::string error,
                 const std::optional<std::string>& request_id);
Event failure_of(const Refusal& refusal);

/// The text frame of an event; not for slices. Always valid JSON and UTF-8: numbers that are none
/// and bytes that are no text are replaced.
std::string text_of(const Event& event);

/// JSON for the wire, under the same promise.
std::string dump(const nlohmann::json& json);

}  // namespace headroom::wire
