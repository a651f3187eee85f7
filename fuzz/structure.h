// Inputs with structure for the fuzzers of the wire: messages as src/wire/protocol.json describes
// them, and messages changed member by member. Bytes alone hardly ever become a second command.
// Everything follows from one seed, so that libFuzzer can repeat it.
#pragma once

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace headroom::fuzz {

class Dice {
 public:
  explicit Dice(unsigned seed) : next_(seed + 1) {}

  /// 0 to n − 1.
  std::size_t below(std::size_t n) { return next_() % n; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class List>
  auto& pick(List& list) {
    return list[below(list.size())];
  }

 private:
  std::minstd_rand next_;
};

/// A first frame, or a command, as a client sends it: most members are of their type, many of those
/// at the edge of what is allowed.
std::string message(Dice& dice, bool first);

/// The message with one member dropped, doubled, renamed, of another value or another type. What is
/// no message, or nested too deep to be written again, is replaced by one.
std::string changed(std::string_view text, Dice& dice);

/// libFuzzer's own mutations of these bytes.
std::string jumbled(std::string bytes, std::size_t most);

/// A number, little-endian, as it lies in a frame.
template <class T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

/// A PCM frame: its header is right, or says something else than the body.
std::string pcm(Dice& dice, std::size_t most_frames);

/// Leaves `bytes` as the next input, cut to what fits.
inline std::size_t put(const std::string& bytes, std::uint8_t* data, std::size_t most) {
  const auto size = std::min(bytes.size(), most);
  std::memcpy(data, bytes.data(), size);
  return size;
}

}  // namespace headroom::fuzz
