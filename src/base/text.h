// Small facts about text that several floors need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace headroom {

/// Length in bytes (1–4) of the well-formed UTF-8 sequence that starts at `at`, or 0 when the bytes
/// there are not one (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above
/// U+10FFFF).
size_t utf8_sequence_length(std::string_view text, size_t at);

/// Offset of the first byte that is not well-formed UTF-8, or npos.
size_t find_invalid_utf8(std::string_view text);

/// 1536 → "1.5 KiB". For people; JSON gets plain numbers.
std::string human_bytes(std::uint64_t bytes);

/// "6GiB", "800 MiB", "1.5g", "512": a number of bytes with a unit B, KiB, MiB, GiB, TiB or their
/// first letter, in any case; decimal names (GB) count in thousands. Throws Error(usage).
std::uint64_t parse_bytes(std::string_view text);

/// The whole file as text. Throws Error(input) when it cannot be read or is larger than `limit`.
std::string read_text_file(const std::filesystem::path& path, std::uint64_t limit);

}  // namespace headroom
