// Made from src/wire/protocol.json by tools/wire. Do not edit.
// clang-format off
#pragma once

#include <cstdint>
#include <string_view>

namespace headroom::wire {

/// Grows when something old changes its meaning; additions do not count.
inline constexpr std::int64_t kProtocolVersion = 1;
/// Of all audio on the wire, in Hz.
inline constexpr std::int64_t kSampleRate = 48000;
/// One latent frame, 0.04 s.
inline constexpr std::int64_t kSamplesPerLatent = 1920;
/// Length quantum of every source: 5 latent frames.
inline constexpr std::int64_t kSamplesPerPool = 9600;
/// Of every buffer that the server sends; mono input is doubled.
inline constexpr std::int64_t kChannels = 2;
/// HTTP and WebSocket.
inline constexpr std::int64_t kDefaultPort = 1318;
/// Control bus, on loopback.
inline constexpr std::int64_t kDefaultControlPort = 1319;
/// Upload done, or a session that ended.
inline constexpr std::int64_t kCloseNormal = 1000;
/// The server shuts down.
inline constexpr std::int64_t kCloseGoingAway = 1001;
/// A limit was broken: too slow to read, or too slow to speak.
inline constexpr std::int64_t kClosePolicy = 1008;
/// A message above the limit of the state.
inline constexpr std::int64_t kCloseTooBig = 1009;
/// Set-up failed, or the session did; an error frame says why.
inline constexpr std::int64_t kCloseFailed = 1011;
/// A newer session took over; final, a client must not reconnect by itself.
inline constexpr std::int64_t kClosePreempted = 4001;
/// Reason text beside close_preempted.
inline constexpr std::string_view kPreemptedReason = "preempted by a newer session";
/// Bytes of any inbound WebSocket message.
inline constexpr std::int64_t kLargestMessage = 104857600;
/// Bytes of the first text frame.
inline constexpr std::int64_t kLongestConfig = 65536;
/// Bytes of any later text frame.
inline constexpr std::int64_t kLongestCommand = 262144;
/// Packed, little-endian.
inline constexpr std::int64_t kSliceHeaderBytes = 23;
/// Flag: absolute samples overwrite the listener's.
inline constexpr std::int64_t kSliceRaw = 0;
/// Flag: one zstd frame of differences, to be added.
inline constexpr std::int64_t kSliceDelta = 1;
/// u32 channels, u32 samples per channel.
inline constexpr std::int64_t kPcmHeaderBytes = 8;
/// More are surely not a header of ours.
inline constexpr std::int64_t kMostPcmChannels = 64;
/// A source below this has no music in it.
inline constexpr double kShortestSourceS = 1.0;
/// How often a client may send params.
inline constexpr std::int64_t kParamsCadenceMs = 8;
/// Values of one curve.
inline constexpr std::int64_t kLongestCurve = 65536;
/// lora_str_ members in one params message.
inline constexpr std::int64_t kMostLoraKnobs = 64;

}  // namespace headroom::wire
