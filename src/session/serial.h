// Work done in order on a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace headroom::session {

/// Thread-safe. Jobs get a token that asks them to stop when this is destroyed; jobs that did not
/// begin by then never do.
class Serial {
 public:
  using Job = std::function<void(const std::stop_token&)>;

  Serial() : thread_([this](const std::stop_token& stop) { loop(stop); }) {}

  void post(Job job) {
    {
      const std::scoped_lock lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
  }

  /// Forgets what did not begin yet.
  void clear() {
    const std::scoped_lock lock(mutex_);
    jobs_.clear();
  }

  void request_stop() { thread_.request_stop(); }

  /// Ends after the job that runs now, if any.
  void finish() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void loop(const std::stop_token& stop) {
    while (true) {
      Job job;
      {
        std::unique_lock lock(mutex_);
        if (!changed_.wait(lock, stop, [&] { return !jobs_.empty(); })) return;
        if (stop.stop_requested()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job(stop);
    }
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Job> jobs_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace headroom::session
