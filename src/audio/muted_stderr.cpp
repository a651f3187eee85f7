#include "audio/muted_stderr.h"

#include <cstdio>
#include <fcntl.h>
#include <mutex>
#include <unistd.h>

namespace headroom {
namespace {

// One per process, as the descriptor is.
struct Mute {
  std::mutex mutex;
  int holders = 0;
  int original = -1;
};

Mute& mute() {
  static Mute state;
  return state;
}

}  // namespace

MutedStderr::MutedStderr() {
  auto& state = mute();
  const std::lock_guard lock(state.mutex);
  if (state.holders++ > 0) return;
  std::fflush(stderr);
  state.original = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  const int nothing = state.original < 0 ? -1 : ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nothing < 0) return;  // then the remarks are seen; that is all
  ::dup2(nothing, STDERR_FILENO);
  ::close(nothing);
}

MutedStderr::~MutedStderr() {
  auto& state = mute();
  const std::lock_guard lock(state.mutex);
  if (--state.holders > 0 || state.original < 0) return;
  std::fflush(stderr);
  ::dup2(state.original, STDERR_FILENO);
  ::close(state.original);
  state.original = -1;
}

}  // namespace headroom
