// A connection's frames as untrusted bytes: what the fuzzer and the corpus test do. The input is a
// row of frames: a letter (T text, B binary, P a PCM frame of that many samples, W a wait), two
// bytes of length, and that many bytes.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "server/conversation.h"
#include "wire/frames.h"

namespace headroom {

/// True when a session or an upload was begun.
inline bool try_conversation(std::span<const std::uint8_t> bytes) {
  static const server::Limits limits;
  auto now = server::Conversation::Time{} + std::chrono::hours(1);
  server::Conversation talk(limits, now);
  bool began = false;
  while (bytes.size() >= 3) {
    const auto kind = bytes[0];
    const std::size_t size = bytes[1] | static_cast<std::size_t>(bytes[2]) << 8U;
    bytes = bytes.subspan(3);
    const auto body = bytes.subspan(0, std::min(size, bytes.size()));
    server::Actions actions;
    if (kind == 'T') {
      actions = talk.on_text({reinterpret_cast<const char*>(body.data()), body.size()}, now);
    } else if (kind == 'P') {
      // One frame of the greatest size, made once; its header says how much of it counts.
      static auto pcm = wire::make_pcm(std::vector<float>(std::size_t{2} * 65535, 0.5F), 2);
      const auto frames = static_cast<std::uint32_t>(size);
      std::memcpy(pcm.data() + 4, &frames, sizeof frames);
      actions = talk.on_binary(std::span(pcm).first(8 + std::size_t{8} * size), now);
    } else if (kind == 'W') {
      now += std::chrono::milliseconds(size);
      actions = talk.on_tick(now);
    } else {
      if (!talk.wants(body) && body.size() % 2 == 0)
        actions = talk.on_refused_binary(body, now);
      else
        actions = talk.on_binary(body, now);
    }
    if (kind == 'T' || kind == 'B') bytes = bytes.subspan(body.size());
    for (const auto& action : actions) {
      if (std::holds_alternative<server::StartSession>(action) ||
          std::holds_alternative<server::StartUpload>(action)) {
        if (began) __builtin_trap();  // a connection begins one thing
        began = true;
      }
      // Nothing reaches a session before it was begun, and audio exactly where it belongs.
      if (const auto* const post = std::get_if<server::Post>(&action)) {
        if (!began || wire::wants_audio(post->command) != post->audio.has_value()) __builtin_trap();
      }
      if (const auto* const event = std::get_if<wire::Event>(&action)) {
        if (wire::text_of(*event).empty()) __builtin_trap();
      }
      if (std::holds_alternative<server::Goodbye>(action)) return began;
    }
  }
  return began;
}

}  // namespace headroom
