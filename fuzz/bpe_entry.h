// Untrusted tokenizer files and texts: what the fuzzer and the corpus test do with them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/error.h"
#include "models/bpe_tokenizer.h"

namespace headroom {

/// Encoding what decoding gives must give the same ids again.
inline void check_round_trip(const BpeTokenizer& tokenizer, std::string_view text) {
  const auto ids = tokenizer.encode(text);
  if (tokenizer.encode(tokenizer.decode(ids)) != ids) __builtin_trap();
}

/// The first byte chooses: 'T' is a text for `golden`, 'J' a tokenizer.json. True when it is valid.
inline bool try_bpe(const BpeTokenizer& golden, std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return false;
  const std::string_view rest(reinterpret_cast<const char*>(bytes.data()) + 1, bytes.size() - 1);
  const bool text = bytes[0] == 'T';
  try {
    if (text) {
      check_round_trip(golden, rest);
    } else {
      BpeTokenizer::parse(rest, "fuzz")
          .encode_with_end("It's 21 h\u00E9llo <|endoftext|>\n\n x", 4);
    }
    return true;
  } catch (const Error& error) {
    if (error.kind() != (text ? ErrorKind::input : ErrorKind::checkpoint)) __builtin_trap();
    return false;
  }
}

inline BpeTokenizer golden_bpe() {
  return BpeTokenizer::load(std::filesystem::path(HEADROOM_GOLDEN_DIR) / "bpe_tokenizer.json");
}

}  // namespace headroom
