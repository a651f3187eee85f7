// How long work reports its progress, and how a user stops it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace headroom {

/// Where long work says how far it is. The work calls step() between chunks, from one thread;
/// an implementation may throw Error(canceled) from there, which is how a user stops it.
class Progress {
 public:
  virtual ~Progress() = default;
  /// A new stage of `total` equal steps begins, e.g. ("encode", 12).
  virtual void stage(std::string_view name, std::int64_t total) = 0;
  virtual void step() = 0;
};

/// Reports nothing. For tests and library users who do not care.
Progress& no_progress();

/// A bar on stderr, redrawn at most ten times a second, when stderr is a terminal; nothing
/// otherwise. Ends its line when destroyed or when the next stage begins.
class TerminalProgress : public Progress {
 public:
  explicit TerminalProgress(bool enabled);
  ~TerminalProgress() override;
  void stage(std::string_view name, std::int64_t total) override;
  void step() override;

 private:
  void draw();
  void finish();

  bool enabled_;
  std::string name_;
  std::int64_t total_ = 0;
  std::int64_t done_ = 0;
  std::chrono::steady_clock::time_point drawn_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace headroom
