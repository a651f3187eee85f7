// Stems on their way: whose separation runs, and who waits for it. Source: specification of the
// protocol, section 1.5 and S50 to S56. Nobody's thread is blocked: waiters are called.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace headroom::library {

/// How a separation ended.
struct StemsOutcome {
  enum class End { ready, failed, gone };  // gone: the track was removed
  End end = End::ready;
  std::string reason{};  // of a failure
};

/// Thread-safe. Tracks are known by their id, so a new track under an old name is another one
/// (W49).
class PendingStems {
 public:
  using Waiter = std::function<void(const StemsOutcome&)>;

  /// While it lives the waiter may be called; once cancelled or destroyed it is not, except for a
  /// call that another thread is in the middle of.
  class Wait {
   public:
    Wait() = default;
    void cancel() { waiter_.reset(); }
    explicit operator bool() const { return waiter_ != nullptr; }

   private:
    friend class PendingStems;
    std::shared_ptr<Waiter> waiter_;
  };

  /// Before the upload is acknowledged. False when it is pending already.
  bool mark(const std::string& track_id);
  /// After the files are on disk, or when there will be none. Calls all waiters, outside of the
  /// lock, in the order in which they came. Nothing when it is not pending.
  void resolve(const std::string& track_id, const StemsOutcome& outcome);
  bool pending(const std::string& track_id) const;
  std::size_t count() const;

  /// Calls `waiter` once when the separation ends, on the thread that ended it; an empty Wait, and
  /// no call, when none is pending.
  Wait wait(const std::string& track_id, Waiter waiter);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<std::weak_ptr<Waiter>>> pending_;
};

}  // namespace headroom::library
