#include "base/error.h"

#include "base/text.h"

namespace headroom {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::input:
      return "input";
    case ErrorKind::checkpoint:
      return "checkpoint";
    case ErrorKind::output:
      return "output";
    case ErrorKind::memory:
      return "memory";
    case ErrorKind::canceled:
      return "canceled";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

int exit_code(ErrorKind kind) { return 2 + static_cast<int>(kind); }

namespace {

// A message is one line whatever it quotes; it may be longer than a quoted name.
constexpr size_t kLongestMessage = 2000;

}  // namespace

Error::Error(ErrorKind kind, std::string_view message)
    : std::runtime_error(printable(message, kLongestMessage)), kind_(kind) {}

std::string printable(std::string_view text, size_t limit) {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    if (out.size() >= limit) return out + "…";
    const size_t length = utf8_sequence_length(text, at);
    const auto byte = static_cast<unsigned char>(text[at]);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      out += '?';
      at += 1;
    } else {
      out.append(text.substr(at, length));
      at += length;
    }
  }
  return out;
}

}  // namespace headroom
