// Every limit of the server, with its reason. One place, named fields, no hidden numbers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "wire/constants.gen.h"

namespace headroom::server {

struct Limits {
  // Who comes in.
  std::size_t most_connections = 256;    // sockets at once; a browser needs about eight
  std::size_t most_sessions = 1;         // more when the memory plan fits
  std::size_t most_uploads = 4;          // at once; each holds its samples in memory
  std::chrono::seconds handshake{10};    // for headers, for the first frame
  std::chrono::seconds audio_gap{10};    // between a command and its audio, and within the audio
  std::chrono::seconds idle_http{30};    // a kept-alive HTTP connection without a request
  std::chrono::seconds silent_peer{40};  // a WebSocket that answers no pings; they go every 20 s
  std::chrono::seconds goodbye{5};       // for the peer's half of a closing handshake
  std::chrono::seconds preempted_memory{10};  // a preempted client that knocks again is stale
  std::chrono::seconds teardown{45};          // how long a newcomer waits for the old session
  std::chrono::seconds resume_grace{60};      // a session whose link broke waits for its client

  // What they send.
  std::size_t first_text = static_cast<std::size_t>(wire::kLongestConfig);
  std::size_t later_text = static_cast<std::size_t>(wire::kLongestCommand);
  std::size_t message =
      static_cast<std::size_t>(wire::kLargestMessage);  // any one, 240 s in stereo
  double longest_audio_s = 600.0;                       // of one PCM frame, whatever its channels
  std::size_t http_header = 16 << 10;                   // bytes
  std::uint64_t upload_body = 1ULL << 30;               // bytes of a file by HTTP: an hour of FLAC
  std::uint64_t early_decode = 256 << 10;  // smaller files are not decoded while they arrive
  std::size_t commands_per_second = 2000;  // of one connection; params come 125 times a second

  // What waits for them.
  std::size_t queue_events = 256;             // per session, as the original has it
  std::size_t queue_slice_bytes = 16 << 20;   // about two minutes of slices of differences
  std::chrono::milliseconds slice_age{2000};  // an older one is of no use to anybody's playhead
  std::size_t slice_window = 256 << 10;       // bytes under way to a client that counts them
  std::chrono::seconds stuck_write{30};       // a client that takes nothing for so long is gone
  std::size_t write_piece = 256 << 10;        // bytes of one WebSocket fragment

  // How the process ends.
  std::chrono::seconds drain{20};  // for uploads and goodbyes after SIGTERM
};

}  // namespace headroom::server
