#include "base/text.h"

#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom {

size_t utf8_sequence_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto continues = [&](size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned b0 = byte(0);
  if (at >= text.size()) return 0;
  if (b0 < 0x80) return 1;
  if (b0 >= 0xC2 && b0 <= 0xDF) return continues(1) ? 2 : 0;
  if (b0 >= 0xE0 && b0 <= 0xEF) {
    if (b0 == 0xE0 && byte(1) < 0xA0) return 0;
    if (b0 == 0xED && byte(1) > 0x9F) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (b0 >= 0xF0 && b0 <= 0xF4) {
    if (b0 == 0xF0 && byte(1) < 0x90) return 0;
    if (b0 == 0xF4 && byte(1) > 0x8F) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

size_t find_invalid_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_sequence_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024.0 && unit + 1 < units.size()) {
    value /= 1024.0;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::uint64_t parse_bytes(std::string_view text) {
  const auto bad = [&] {
    return Error(ErrorKind::usage,
                 fmt::format("'{}' is not a size; write 8GiB or 800MiB", printable(text)));
  };
  double number = 0.0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || !(number >= 0.0)) throw bad();
  std::string unit;
  for (const char* c = end; c != text.data() + text.size(); ++c) {
    if (*c != ' ') unit += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  }
  if (!unit.empty() && unit != "b") {
    const auto power = std::string_view("bkmgt").find(unit[0]);
    const auto rest = unit.substr(1);
    if (power == std::string_view::npos || (rest != "" && rest != "ib" && rest != "b")) throw bad();
    number *= std::pow(rest == "b" ? 1000.0 : 1024.0, static_cast<double>(power));
  }
  constexpr double most = 1e15;
  if (number > most) throw bad();
  return static_cast<std::uint64_t>(number);
}

std::string read_text_file(const std::filesystem::path& path, std::uint64_t limit) {
  std::error_code code;
  const auto status = std::filesystem::status(path, code);
  if (!std::filesystem::exists(status)) {
    throw Error(ErrorKind::input, fmt::format("{}: no such file", path.string()));
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw Error(ErrorKind::input, fmt::format("{}: not a regular file", path.string()));
  }
  const auto size = std::filesystem::file_size(path, code);
  if (code) throw Error(ErrorKind::input, fmt::format("{}: {}", path.string(), code.message()));
  if (size > limit) {
    throw Error(ErrorKind::input,
                fmt::format("{}: {} is more than the {} that such a file may have", path.string(),
                            human_bytes(size), human_bytes(limit)));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size));
  if (!file) {
    throw Error(ErrorKind::input,
                fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  }
  return text;
}

}  // namespace headroom
