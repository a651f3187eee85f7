// Keeps a library's own remarks off the terminal.
#pragma once

namespace headroom {

/// While one of these lives, what is written to standard error disappears. libmpg123 prints its
/// remarks on damaged files there and libsndfile has no way to turn them off; the user gets our
/// one-line error instead. The descriptor is the whole process's, so other threads are muted with
/// it: hold one only around a call to the library. Nests, also across threads.
class MutedStderr {
 public:
  MutedStderr();
  ~MutedStderr();
  MutedStderr(const MutedStderr&) = delete;
  MutedStderr& operator=(const MutedStderr&) = delete;
};

}  // namespace headroom
