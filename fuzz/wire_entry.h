// Frames of strangers as untrusted bytes: what the fuzzers and the corpus test do.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/json.h"
#include "wire/constants.gen.h"
#include "wire/frames.h"
#include "wire/knobs.h"
#include "wire/message.h"

namespace headroom {

inline void expect_line(const std::string& message) {
  if (message.empty() || message.find_first_of("\r\n\t") != std::string::npos) __builtin_trap();
}

template <class Parsed>
bool check_parsed(const Parsed& parsed) {
  if (!parsed) {
    expect_line(parsed.error().message);
    // The answer to a refusal can always be written.
    if (nlohmann::json::parse(wire::text_of(wire::failure_of(parsed.error()))).empty())
      __builtin_trap();
    return false;
  }
  for (const auto& complaint : parsed.value().complaints) expect_line(complaint.message);
  return true;
}

/// A text frame, as the first one and as a later one. True when one of them is taken.
inline bool try_wire_text(std::span<const std::uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto command = wire::parse_command(text);
  if (check_parsed(command)) {
    (void)wire::wants_audio(command.value().message);
    if (const auto* params = std::get_if<wire::Params>(&command.value().message)) {
      for (const auto& value : params->raw) {
        if (value.is_number() && !std::isfinite(value.get<double>())) __builtin_trap();
      }
      // What was checked once passes unchanged.
      std::vector<wire::Complaint> complaints;
      if (wire::checked_knobs(params->raw, "raw", complaints) != params->raw) __builtin_trap();
    }
    return true;
  }
  return check_parsed(wire::parse_first(text));
}

/// A binary frame: the first byte says which kind. True when it is one.
inline bool try_wire_frame(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return false;
  const auto frame = bytes.subspan(1);
  if (bytes[0] == 'P') {
    const auto pcm = wire::parse_pcm(frame);
    if (!pcm) return expect_line(pcm.error().message), false;
    for (const float sample : wire::read_pcm(pcm.value()).samples) {
      if (!std::isfinite(sample)) __builtin_trap();
    }
    return true;
  }
  if (bytes[0] == 'S') {
    const auto slice = wire::parse_slice(frame);
    if (!slice) return expect_line(slice.error().message), false;
    const auto& header = slice.value().header;
    if (slice.value().halves.size() != std::size_t{header.count} * header.channels)
      __builtin_trap();
    return true;
  }
  const auto control = wire::parse_control(frame);
  if (!control) return expect_line(control.error().message), false;
  if (control.value().text.size() + control.value().audio.size() + 4 != frame.size())
    __builtin_trap();
  return try_wire_text({frame.data() + 4, control.value().text.size()});
}

}  // namespace headroom
