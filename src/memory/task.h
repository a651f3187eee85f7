// A device operation as the executor sees it: a row of steps, each with the components it needs and
// a workspace that depends on its chunk size, run one at a time so that others can run in between.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "memory/component.h"
#include "memory/device.h"

namespace headroom::memory {

enum class Priority {
  realtime,     // what is about to be heard
  interactive,  // somebody waits for the answer
  background,   // stems of an upload
};
std::string_view to_string(Priority priority);

/// One size that a step may work in, and an upper bound of what it then takes on the device beside
/// its components.
struct ChunkChoice {
  std::int64_t size = 0;
  std::uint64_t workspace = 0;
};

/// One step: runs on the device without a break.
struct Step {
  std::string name;
  std::vector<Component*> needs;
  std::vector<ChunkChoice> choices;  // largest first, at least one
};

struct TaskInfo {
  std::string name;
  std::string owner;  // the session, upload or command that it is for
  Priority priority = Priority::interactive;
  /// When the result is needed: earlier ones go first among equals, and nobody waits for memory
  /// beyond it.
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

/// What run() is given.
struct StepContext {
  Device& device;
  std::int64_t chunk;  // the chosen size
};

/// All methods are called on the executor's thread, never at once. A task is a value to its maker
/// until it is submitted, and again after its ticket is done.
class Task {
 public:
  virtual ~Task() = default;

  virtual const TaskInfo& info() const = 0;
  /// The step that run() would do now; nothing when the task is done. Called again when the answer
  /// may have changed (another chunk was run, room became less): it must not change the task.
  virtual std::optional<Step> next() = 0;
  /// Does that step. When it throws OutOfDeviceMemory it must leave the task as it was: the step is
  /// tried once more. Anything else that it throws ends the task.
  virtual void run(const StepContext& context) = 0;
  /// Whether another task's step has done this one's work, so that next() has nothing more to do:
  /// asked after every step, for it need not wait for a turn of its own then.
  virtual bool served() const { return false; }
  /// The last call: the task is done (null), failed or was canceled. May run device work of its own
  /// (a separation lets its network go); what it throws is reported where `error` is null.
  virtual void ended(std::exception_ptr error) { (void)error; }
};

}  // namespace headroom::memory
