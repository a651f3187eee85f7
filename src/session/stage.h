// What all sessions and uploads of a process share.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "library/library.h"
#include "session/lora_shelf.h"
#include "studio/studio.h"

namespace headroom::session {

struct StageSettings {
  /// Seconds without any command after which the music is not made anew; 0: it always is.
  double idle_pause = 20.0;
  /// A swap to stems waits at most so long for the separation that an upload has begun: longer than
  /// any track takes, so only for one that hangs.
  std::chrono::seconds stem_wait{300};
};

/// One per process; outlives sessions and uploads.
struct Stage {
  studio::Studio& studio;
  library::Library& library;
  LoraShelf& loras;
  StageSettings settings{};
};

}  // namespace headroom::session
