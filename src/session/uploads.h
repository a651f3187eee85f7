// Tracks on their way into the library, in two phases: first what a listener waits for (analysis,
// latents, files), then, in the background between the ticks of whoever plays, the stems.
// Source: specification of the protocol, sections 1.5 and 9.4.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "session/ahead.h"
#include "session/preparer.h"
#include "session/serial.h"
#include "wire/commands.gen.h"
#include "wire/events.gen.h"

namespace headroom::session {

/// One per process. Thread-safe; nothing waits but end() and the destructor. Tracks whose stems
/// were not made by then play without.
class Uploads {
 public:
  /// On a thread of this object; must not block.
  using Tell = std::function<void(wire::Event)>;

  explicit Uploads(Stage& stage) : stage_(stage) {}
  ~Uploads() { end(); }
  Uploads(const Uploads&) = delete;
  Uploads& operator=(const Uploads&) = delete;

  /// `answer` gets UploadOk or UploadFailed, once. `push` gets, later and only of a track that is
  /// still there, StemAssets (with no source mode) or StemFailed: whom that concerns knows the
  /// server. A client that leaves does not lose its upload; both may then do nothing. `ahead` is
  /// what was made of the track while it arrived.
  void begin(wire::UploadTrack request, wire::Pcm pcm, Tell answer, Tell push,
             std::unique_ptr<Ahead> ahead = nullptr);
  /// Ends work at its next chunk; nobody is told anything any more once this has returned.
  void end();

 private:
  struct Arrived {
    wire::UploadTrack request;
    wire::Pcm pcm;
    std::unique_ptr<Ahead> ahead;
  };
  struct Made {
    library::Latents latents;
    Analysis heard;
  };
  wire::Event take_in(Arrived& upload, const Tell& push, const std::stop_token& stop);
  Made make(const Arrived& upload, const at::Tensor& audio, const std::string& track_id,
            const std::stop_token& stop);
  wire::Event answer_for(const library::Track& track, const wire::UploadTrack& request) const;
  void rip(const library::Track& track, const Tell& push, const std::stop_token& stop);
  void leave_device(const std::string& owner);

  Stage& stage_;
  Serial first_;   // analysis, latents, files
  Serial second_;  // stems
};

}  // namespace headroom::session
