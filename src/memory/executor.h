// The one thread that works on a device. It takes the next step of the most urgent task, makes room
// for it, and runs it; so work of several users interleaves by chunks, and nobody waits longer than
// one chunk and his turn.
//
// What it does when a step does not fit: Residency trims and parks; then the step's smaller chunks
// are tried; then it waits, if some lease will end by itself, until one has or the task's deadline
// (or kLongestWait) is over; then the task ends with Refused, which says what was missing. A device
// that refuses in spite of the plan (OutOfDeviceMemory) is trimmed, everything idle is parked, and
// the step is tried once more before its task ends.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "memory/janitor.h"
#include "memory/residency.h"
#include "memory/schedule.h"
#include "memory/task.h"

namespace headroom::memory {

struct ExecutorSettings {
  bool threaded = true;  // false: steps run in drain(), on the caller's thread; for tests
  JanitorSettings janitor;
  Clock clock = real_clock();
};

/// How long a step without a deadline waits for leases that end by themselves: as long as the
/// protocol lets a swap wait for a rip.
inline constexpr std::chrono::seconds kLongestWait{300};

/// A submitted task. `done` throws what ended the task: Error(canceled) after cancel().
struct Ticket {
  std::uint64_t id = 0;
  std::future<void> done;
};

/// Thread-safe. Ends in this order: tasks are canceled, the thread is joined.
class Executor {
 public:
  Executor(Residency& residency, ExecutorSettings settings = {});
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  Ticket submit(std::unique_ptr<Task> task);
  /// Submits and waits; throws what ended the task. Not from the executor's own thread.
  void run(Task& task);
  /// Runs a function between two steps, on the executor's thread: for what belongs to Residency.
  /// Waits, and throws what it throws.
  void between_steps(const std::function<void(Residency&)>& work);
  /// The task ends before its next step. False when there is no such task any more.
  bool cancel(std::uint64_t id);

  /// A session is live from begin to end of this handle: the janitor keeps away meanwhile. When the
  /// last one of an owner ends, what only he used is parked and the pool is trimmed.
  class Live {
   public:
    Live(Executor& executor, std::string owner);
    ~Live();
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;

   private:
    Executor& executor_;
    std::string owner_;
  };

  /// Unthreaded executors: runs everything that can run; returns the number of steps.
  std::int64_t drain();
  /// One look at whether the janitor has work, as the thread does while nothing else runs.
  void idle();

  /// Tasks that are not done.
  size_t waiting() const;

 private:
  struct Entry;
  struct Job;

  std::uint64_t enqueue(std::unique_ptr<Entry> entry);
  void loop(const std::stop_token& stop);
  bool run_one();
  bool run_job();
  Entry* take_next();
  void advance(Entry& entry);
  void finish_served();
  void execute(Entry& entry, const Step& step);
  void run_step(Entry& entry, const Step& step, const ChunkChoice& choice);
  void wait_or_refuse(Entry& entry, const Step& step, const Shortfall& shortfall);
  void finish(Entry& entry, std::exception_ptr error);

  Residency& residency_;
  ExecutorSettings settings_;
  Janitor janitor_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<std::unique_ptr<Entry>> entries_;
  std::list<std::unique_ptr<Job>> jobs_;
  std::uint64_t next_id_ = 1;
  std::uint64_t turn_ = 0;
  bool aged_turn_ = true;
  std::map<std::string, int> live_;
  std::jthread thread_;
};

}  // namespace headroom::memory
