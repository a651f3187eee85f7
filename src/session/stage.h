// What all sessions and uploads of a process share.
#pragma once

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
};

/// One per process; outlives sessions and uploads.
struct Stage {
  studio::Studio& studio;
  library::Library& library;
  LoraShelf& loras;
  StageSettings settings{};
};

}  // namespace headroom::session
