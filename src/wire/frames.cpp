#include "wire/frames.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <zstd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "wire/constants.gen.h"
#include "wire/slice_delta.h"

namespace headroom::wire {
namespace {

static_assert(std::endian::native == std::endian::little, "samples are copied as they lie");

// Level 1: what the original server sends; higher ones cost more than they save on noise.
constexpr int kZstdLevel = 1;

template <class T>
T read(std::span<const std::uint8_t> bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <class T>
void append(Bytes& bytes, T value) {
  const auto* const raw = reinterpret_cast<const std::uint8_t*>(&value);
  bytes.insert(bytes.end(), raw, raw + sizeof value);
}

std::span<const std::uint8_t> as_bytes(std::span<const std::uint16_t> halves) {
  return {reinterpret_cast<const std::uint8_t*>(halves.data()), halves.size_bytes()};
}

float float_at(std::span<const std::uint8_t> body, std::size_t index) {
  const auto value = read<float>(body, index * sizeof(float));
  return std::isfinite(value) ? value : 0.0F;
}

SliceHeader slice_header(std::span<const std::uint8_t> bytes) {
  return {bytes[0],
          read<std::uint32_t>(bytes, 1),
          read<std::uint32_t>(bytes, 5),
          read<std::uint16_t>(bytes, 9),
          read<float>(bytes, 11),
          read<float>(bytes, 15),
          read<std::uint32_t>(bytes, 19)};
}

}  // namespace

Result<PcmHeader, FrameRefusal> parse_pcm_header(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < static_cast<std::size_t>(kPcmHeaderBytes))
    return FrameRefusal{fmt::format("a PCM frame of {} bytes has no header of {} bytes",
                                    bytes.size(), kPcmHeaderBytes)};
  const PcmHeader header{read<std::uint32_t>(bytes, 0), read<std::uint32_t>(bytes, 4)};
  if (header.channels == 0 || header.channels > kMostPcmChannels)
    return FrameRefusal{fmt::format("a PCM frame announces {} channels; 1 to {} are expected",
                                    header.channels, kMostPcmChannels)};
  return header;
}

Result<PcmFrame, FrameRefusal> parse_pcm(std::span<const std::uint8_t> bytes) {
  const auto header = parse_pcm_header(bytes);
  if (!header) return header.error();
  const auto body = bytes.subspan(static_cast<std::size_t>(kPcmHeaderBytes));
  if (header.value().body_bytes() != body.size())
    return FrameRefusal{fmt::format(
        "a PCM frame announces {} samples of {} channels, {} bytes, but has {}",
        header.value().frames, header.value().channels, header.value().body_bytes(), body.size())};
  return PcmFrame{header.value().channels, header.value().frames, body};
}

Pcm read_pcm(const PcmFrame& frame) {
  Pcm pcm;
  pcm.frames = frame.frames;
  pcm.samples.resize(std::size_t{2} * frame.frames);
  const std::size_t second = frame.channels > 1 ? 1 : 0;
  for (std::size_t i = 0; i < frame.frames; ++i) {
    pcm.samples[2 * i] = float_at(frame.body, i * frame.channels);
    pcm.samples[2 * i + 1] = float_at(frame.body, i * frame.channels + second);
  }
  return pcm;
}

Bytes make_pcm(std::span<const float> samples, std::uint32_t channels) {
  if (channels == 0 || samples.size() % channels != 0)
    throw Error(ErrorKind::internal, "a PCM frame holds whole frames of at least one channel");
  Bytes bytes;
  bytes.reserve(static_cast<std::size_t>(kPcmHeaderBytes) + samples.size_bytes());
  append(bytes, channels);
  append(bytes, static_cast<std::uint32_t>(samples.size() / channels));
  const auto* const raw = reinterpret_cast<const std::uint8_t*>(samples.data());
  bytes.insert(bytes.end(), raw, raw + samples.size_bytes());
  return bytes;
}

AudioBlock to_halves(std::span<const float> samples) {
  auto halves = std::make_shared<std::vector<std::uint16_t>>(samples.size());
  for (std::size_t i = 0; i < samples.size(); ++i)
    (*halves)[i] = to_half(std::isfinite(samples[i]) ? samples[i] : 0.0F);
  return halves;
}

Bytes buffer_bytes(const std::vector<std::uint16_t>& halves) {
  const auto raw = as_bytes(halves);
  return {raw.begin(), raw.end()};
}

Bytes make_slice(const SliceHeader& header, std::span<const std::uint16_t> halves) {
  Bytes bytes;
  const auto payload = as_bytes(halves);
  const bool packed = header.flags == kSliceDelta;
  const auto room = packed ? ZSTD_compressBound(payload.size()) : payload.size();
  bytes.reserve(static_cast<std::size_t>(kSliceHeaderBytes) + room);
  append(bytes, header.flags);
  append(bytes, header.start);
  append(bytes, header.count);
  append(bytes, header.channels);
  append(bytes, header.tick_ms);
  append(bytes, header.decode_ms);
  append(bytes, header.generations);
  if (!packed) {
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
  }
  const auto at = bytes.size();
  bytes.resize(at + room);
  const auto size =
      ZSTD_compress(bytes.data() + at, room, payload.data(), payload.size(), kZstdLevel);
  if (ZSTD_isError(size) != 0)
    throw Error(ErrorKind::internal, fmt::format("zstd: {}", ZSTD_getErrorName(size)));
  bytes.resize(at + size);
  return bytes;
}

Result<SliceFrame, FrameRefusal> parse_slice(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < static_cast<std::size_t>(kSliceHeaderBytes))
    return FrameRefusal{fmt::format("a slice of {} bytes has no header of {} bytes", bytes.size(),
                                    kSliceHeaderBytes)};
  SliceFrame frame{slice_header(bytes), {}};
  const auto& header = frame.header;
  if (header.flags != kSliceRaw && header.flags != kSliceDelta)
    return FrameRefusal{fmt::format("a slice with flags {}; 0 or 1 is expected", header.flags)};
  const auto payload = bytes.subspan(static_cast<std::size_t>(kSliceHeaderBytes));
  const auto announced = std::uint64_t{2} * header.count * header.channels;
  if (announced > static_cast<std::uint64_t>(kLargestMessage))
    return FrameRefusal{fmt::format("a slice announces {} bytes of samples", announced)};
  const auto found = header.flags == kSliceRaw
                         ? static_cast<unsigned long long>(payload.size())
                         : ZSTD_getFrameContentSize(payload.data(), payload.size());
  if (found != announced)
    return FrameRefusal{
        fmt::format("a slice announces {} bytes of samples and does not hold them", announced)};
  frame.halves.resize(announced / 2);
  if (announced == 0 && header.flags == kSliceRaw) return frame;  // nowhere to copy to
  if (header.flags == kSliceRaw) {
    std::memcpy(frame.halves.data(), payload.data(), payload.size());
    return frame;
  }
  const auto size = ZSTD_decompress(frame.halves.data(), announced, payload.data(), payload.size());
  if (ZSTD_isError(size) != 0 || size != announced)
    return FrameRefusal{"a slice whose zstd frame is damaged"};
  return frame;
}

Result<ControlBody, FrameRefusal> parse_control(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t prefix = 4;
  if (bytes.empty()) return FrameRefusal{"empty body"};
  if (bytes.size() < prefix) return FrameRefusal{"missing json length prefix"};
  const auto length = read<std::uint32_t>(bytes, 0);
  if (length == 0 || length > bytes.size() - prefix)
    return FrameRefusal{"json length out of range"};
  return ControlBody{{reinterpret_cast<const char*>(bytes.data()) + prefix, length},
                     bytes.subspan(prefix + length)};
}

}  // namespace headroom::wire
