// Tracks on their way into the library, in two phases: first what a listener waits for (analysis,
// latents, files), then, in the background between the ticks of whoever plays, the stems.
// Source: specification of the protocol, sections 1.5 and 9.4.
#pragma once

#include <functional>
#include <string>

#include "session/preparer.h"
#include "session/serial.h"
#include "wire/commands.gen.h"
#include "wire/events.gen.h"

namespace headroom::session {

/// One per process. Thread-safe; nothing waits but the destructor, which ends work at its next
/// chunk. Tracks whose stems were not made by then play without.
class Uploads {
 public:
  /// On a thread of this object; must not block.
  using Tell = std::function<void(wire::Event)>;

  explicit Uploads(Stage& stage) : stage_(stage) {}
  ~Uploads();
  Uploads(const Uploads&) = delete;
  Uploads& operator=(const Uploads&) = delete;

  /// `answer` gets UploadOk or UploadFailed, once. `push` gets, later and only of a track that is
  /// still there, StemAssets (with no source mode) or StemFailed: whom that concerns knows the
  /// server. A client that leaves does not lose its upload; both may then do nothing.
  void begin(wire::UploadTrack request, wire::Pcm pcm, Tell answer, Tell push);

 private:
  wire::Event take_in(const wire::UploadTrack& request, const wire::Pcm& pcm, Tell push,
                      const std::stop_token& stop);
  wire::Event answer_for(const library::Track& track, const wire::UploadTrack& request) const;
  void rip(const library::Track& track, const Tell& push, const std::stop_token& stop);
  void leave_device(const std::string& owner);

  Stage& stage_;
  Serial first_;   // analysis, latents, files
  Serial second_;  // stems
};

}  // namespace headroom::session
