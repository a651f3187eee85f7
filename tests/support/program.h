// Runs a program as a user does: a process of its own, its streams captured, a limit on its time.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace headroom::test {

/// How a process ended and what it said.
struct Ran {
  int status = -1;  // exit status; −1 when a signal or the time limit ended it
  int signal = 0;
  bool timed_out = false;
  double seconds = 0.0;
  std::string out;
  std::string err;
};

struct RunSettings {
  std::chrono::seconds limit{120};
  std::filesystem::path folder;               // working folder; empty: this one's
  std::optional<std::uint64_t> largest_file;  // bytes; a disk that fills up
  std::optional<uid_t> user;                  // to run as; needs root
};

/// A process that runs. The destructor kills it. One thread at a time.
class Process {
 public:
  /// Throws std::runtime_error when it cannot be started.
  explicit Process(const std::vector<std::string>& command, const RunSettings& settings = {});
  /// The same without loading a program: a copy of this process calls `main`. Right while this
  /// process has computed with one thread only, because threads do not come along.
  Process(int (*main)(int, char**), const std::vector<std::string>& command,
          const RunSettings& settings);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const;
  bool ended();
  /// Waits for its end, at most the time limit; then it is killed.
  Ran wait();

 private:
  void collect(int wait_status);

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  bool collected_ = false;
  std::chrono::steady_clock::time_point began_;
  std::chrono::seconds limit_;
  Ran ran_;
};

/// Starts `command` (its first word is a path, or found in PATH) and waits for its end.
Ran run_program(const std::vector<std::string>& command, const RunSettings& settings = {});

}  // namespace headroom::test
