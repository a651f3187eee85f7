// Binary frames, byte by byte; all numbers little-endian. Source: specification of the protocol,
// section 2.4.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/types.h"

namespace headroom::wire {

using Bytes = std::vector<std::uint8_t>;

/// Why a binary frame is none of ours: one readable line.
struct FrameRefusal {
  std::string message;
};

/// A PCM frame that was checked: the header, and the samples where they lie. Valid as long as the
/// bytes are.
struct PcmFrame {
  std::uint32_t channels = 0;
  std::uint32_t frames = 0;
  std::span<const std::uint8_t> body{};
};

/// What a PCM frame's header announces; the server refuses what is too long before the body has
/// arrived.
struct PcmHeader {
  std::uint32_t channels = 0;
  std::uint32_t frames = 0;
  std::uint64_t body_bytes() const { return std::uint64_t{4} * channels * frames; }
};
Result<PcmHeader, FrameRefusal> parse_pcm_header(std::span<const std::uint8_t> bytes);

/// The body must have exactly the announced size.
Result<PcmFrame, FrameRefusal> parse_pcm(std::span<const std::uint8_t> bytes);

/// The samples: the first two channels, one channel doubled, what is not finite as silence.
Pcm read_pcm(const PcmFrame& frame);

/// A whole PCM frame of interleaved samples; for clients and tests.
Bytes make_pcm(std::span<const float> samples, std::uint32_t channels);

/// Floats as a buffer for the wire; what is not finite is silence.
AudioBlock to_halves(std::span<const float> samples);

/// A whole buffer (section 2.4.2): halves without a header.
Bytes buffer_bytes(const std::vector<std::uint16_t>& halves);

/// A slice's header.
struct SliceHeader {
  std::uint8_t flags = 0;
  std::uint32_t start = 0;  // samples per channel
  std::uint32_t count = 0;  // samples per channel
  std::uint16_t channels = 0;
  float tick_ms = 0.0F;
  float decode_ms = 0.0F;
  std::uint32_t generations = 0;
};
Bytes make_slice(const SliceHeader& header, std::span<const std::uint16_t> halves);

/// A slice as a client reads it: its header and its halves, expanded. Refuses payloads that do not
/// expand to exactly what the header says; never expands more than that.
struct SliceFrame {
  SliceHeader header;
  std::vector<std::uint16_t> halves;
};
Result<SliceFrame, FrameRefusal> parse_slice(std::span<const std::uint8_t> bytes);

/// Body of a command on the control bus (section 2.4.4): text, and the PCM frame behind it, which
/// may be empty.
struct ControlBody {
  std::string_view text{};
  std::span<const std::uint8_t> audio{};
};
Result<ControlBody, FrameRefusal> parse_control(std::span<const std::uint8_t> bytes);

}  // namespace headroom::wire
