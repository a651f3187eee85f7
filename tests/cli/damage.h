// Bytes of audio files that nobody should have made.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace headroom::test {

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 0xFF);
  return text;
}

struct WavHeader {
  std::uint32_t rate = 48000;
  std::uint16_t channels = 2;
  std::uint16_t coding = 3;  // 1: integers, 3: float
  std::uint16_t bits = 32;
  std::uint32_t claimed = 0;  // bytes of samples; 0: what is there
};

inline std::string wav_bytes(const WavHeader& header, const std::string& samples) {
  const auto size =
      header.claimed != 0 ? header.claimed : static_cast<std::uint32_t>(samples.size());
  const std::uint32_t frame = header.channels * header.bits / 8U;
  return "RIFF" + little_endian(size + 36U, 4) + "WAVEfmt " + little_endian(16, 4) +
         little_endian(header.coding, 2) + little_endian(header.channels, 2) +
         little_endian(header.rate, 4) + little_endian(header.rate * frame, 4) +
         little_endian(frame, 2) + little_endian(header.bits, 2) + "data" + little_endian(size, 4) +
         samples;
}

inline std::string float_samples(size_t count, float value) {
  std::string text;
  const auto* bytes = reinterpret_cast<const char*>(&value);
  for (size_t i = 0; i < count; ++i) text.append(bytes, sizeof(value));
  return text;
}

}  // namespace headroom::test
