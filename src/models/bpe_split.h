// The two steps of the tokenizer before BPE: Unicode normalisation and the split into words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace headroom {

/// Code points of well-formed UTF-8 in Unicode NFC. Linear but for n log n in a run of combining
/// marks (utf8proc alone sorts such a run in quadratic time, which a hostile prompt could use).
std::vector<std::int32_t> to_nfc(std::string_view utf8);

/// Splits code points by the pattern that every Qwen tokenizer has:
///
///   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*
///     |\s*[\r\n]+|\s+(?!\S)|\s+
///
/// Returns the end of each piece; the pieces follow each other without gaps.
std::vector<size_t> split_words(std::span<const std::int32_t> text);

/// The pattern above as tokenizer.json spells it.
inline constexpr std::string_view kWordPattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

}  // namespace headroom
