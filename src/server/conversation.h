// What a client's frames mean, one after the other: the protocol's states without any socket.
// Source: specification of the protocol, sections 1.2, 2.1, 2.2; W9, W20 to W22, W33.
//
//   first ──config──▶ owes audio ──PCM──▶ starting ──ready──▶ running ◀──▶ owes audio
//     │      └─(server's own track)──────────▲
//     └──upload_track──▶ owes audio ──PCM──▶ uploading
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/event_queue.h"
#include "server/limits.h"
#include "wire/commands.gen.h"
#include "wire/events.gen.h"
#include "wire/field_reader.h"
#include "wire/message.h"
#include "wire/types.h"

namespace headroom::server {

/// What is to be done; in the order in which it stands.
struct StartSession {
  wire::SessionConfig config;
  std::optional<wire::Pcm> source;  // none: a track of the library
};
struct StartUpload {
  wire::UploadTrack track;
  wire::Pcm source;
};
struct Post {
  wire::Command command;
  std::optional<wire::Pcm> audio;
};
using Action = std::variant<StartSession, StartUpload, Post, wire::Event, Goodbye>;
using Actions = std::vector<Action>;

/// One connection's side of the protocol. Never throws for any bytes. One thread.
class Conversation {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Conversation(const Limits& limits, Time now = std::chrono::steady_clock::now());

  /// A whole text frame.
  Actions on_text(std::string_view text, Time now);
  /// A whole binary frame.
  Actions on_binary(std::span<const std::uint8_t> bytes, Time now);
  /// Time passed: what is late fails. Call it about twice a second.
  Actions on_tick(Time now);

  /// Bytes that a text frame may have now.
  std::size_t text_limit() const;
  /// Whether the binary frame that begins with `start` is worth reading on; if not, its bytes are
  /// thrown away and on_refused_binary() is called when it ends. Ask with at least 8 bytes or all.
  bool wants(std::span<const std::uint8_t> start) const;
  Actions on_refused_binary(std::span<const std::uint8_t> start, Time now);
  /// More of a frame came, so it is not late.
  void on_progress(Time now) { since_ = now; }

  bool owes_audio() const { return !std::holds_alternative<std::monostate>(owed_); }
  bool began() const { return began_; }

 private:
  using Owed = std::variant<std::monostate, wire::SessionConfig, wire::UploadTrack, wire::Command>;

  Actions first(std::string_view text, Time now);
  Actions command(std::string_view text, Time now);
  Actions fail_owed(const std::string& why);
  void complain(const std::vector<wire::Complaint>& complaints, std::string_view command,
                Actions& actions);

  const Limits& limits_;
  Owed owed_;
  bool began_ = false;                   // a first frame was taken
  bool upload_ = false;                  // this is an upload channel
  Time since_;                           // of what is waited for
  std::vector<std::string> complained_;  // fields, each of which is warned about once
  double allowance_;                     // commands that may come now; grows with time
  Time refilled_;
};

}  // namespace headroom::server
