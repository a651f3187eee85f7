// The tables of a byte-level BPE tokenizer, read from its files and checked. Used by
// bpe_tokenizer.cpp alone.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace headroom {

/// Ids must be below this; the real vocabulary has 151 669.
inline constexpr std::int64_t kMostTokens = 1 << 20;

/// Immutable once it is made.
struct BpeVocabulary {
  struct Merge {
    std::uint32_t rank;
    std::uint32_t result;
  };
  struct PairHash {
    size_t operator()(std::uint64_t pair) const {
      return static_cast<size_t>((pair * 0x9E3779B97F4A7C15ULL) >> 17U);
    }
  };
  static std::uint64_t pair(std::uint32_t left, std::uint32_t right) {
    return (std::uint64_t{left} << 32U) | right;
  }

  std::vector<std::optional<std::string>> tokens;  // id → bytes
  std::array<std::uint32_t, 256> byte_ids{};       // byte → id of its one-byte token
  std::unordered_map<std::uint64_t, Merge, PairHash> merges;
  /// Added tokens by their first byte, the longest first.
  std::array<std::vector<std::pair<std::string, std::int64_t>>, 256> added;
  std::int64_t end_id = 0;
};

/// See BpeTokenizer::load and parse.
BpeVocabulary load_bpe_vocabulary(const std::filesystem::path& path);
BpeVocabulary parse_bpe_vocabulary(std::string_view tokenizer_json, const std::string& label);

}  // namespace headroom
