// One second of music that nobody hears, made when the server starts, and a track that nobody sent,
// analysed: weights come to the device, libraries choose their kernels and make their tables, and a
// model that cannot play is known before a musician meets it.
#pragma once

#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "studio/studio.h"

namespace headroom::session {

/// Runs on a thread of its own, as background work: a session that begins meanwhile goes first.
class WarmUp {
 public:
  struct State {
    bool done = false;
    std::string error;     // why it failed; empty otherwise
    double seconds = 0.0;  // what it took, once done
  };

  explicit WarmUp(studio::Studio& studio);

  /// Any thread.
  State state() const;

 private:
  void run(const std::stop_token& stop);

  studio::Studio& studio_;
  mutable std::mutex mutex_;
  State state_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace headroom::session
