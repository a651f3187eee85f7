// The identity of audio: an exact hash of its stored samples.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace headroom::library {

/// SHA-256 of a stream of bytes, in hex. One thread.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  void add(std::span<const std::uint8_t> bytes);
  /// Once, last.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Of interleaved samples as they are stored (float32, little-endian), and of how many channels
/// they are; so the same numbers as mono and as stereo differ.
std::string content_hash(std::span<const float> samples, std::uint32_t channels);

/// 16 random hexadecimal digits: a name that nothing else has.
std::string random_id();

}  // namespace headroom::library
