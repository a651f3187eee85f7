// What waits to be sent to one listener. Source: specification of the protocol, section 4.6, with
// limits of bytes and age (W45).
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "wire/events.gen.h"

namespace headroom::server {

/// What became of an event.
enum class Sent {
  queued,
  replaced,  // it stands in the place of an older one of its type
  dropped,   // there was no room and it could be spared, or the queue is closed
  overflow,  // there was no room and it could not: the listener is dropped
};

/// The end of a listener's stream.
struct Goodbye {
  int code = 1000;
  std::string reason{};
};

struct QueueLimits {
  std::size_t events = 256;
  std::size_t slice_bytes = 16 << 20;
  std::chrono::milliseconds slice_age{2000};
};

/// Bounded; publishing never blocks. Slices go oldest first, what coalesces takes the place of the
/// newest of its type, and what can never be spared closes the queue when nothing else gives way:
/// then one error event and a goodbye are all that is left in it.
///
/// Thread-safe. `wake` is called outside of the lock, on the publishing thread, whenever there is
/// something new to take.
class EventQueue {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Taken = std::variant<std::monostate, wire::Event, Goodbye>;

  explicit EventQueue(QueueLimits limits = {}, std::function<void()> wake = {});

  Sent publish(wire::Event event, Time now = std::chrono::steady_clock::now());
  /// What is queued is still delivered, then the goodbye. Only the first one counts.
  void finish(Goodbye goodbye);
  /// The goodbye comes next; what is queued is forgotten.
  void cut(Goodbye goodbye);

  /// The next event, leaving out slices that are too old; the goodbye, once and last; or nothing.
  Taken take(Time now = std::chrono::steady_clock::now());
  /// Events that wait.
  std::size_t size() const;
  /// Slices that were never delivered.
  std::uint64_t dropped() const;

 private:
  struct Item {
    wire::Event event;
    Time since;
    std::size_t slice_bytes;
  };

  Sent insert(wire::Event event, Time now);
  bool evict_oldest_droppable();
  void forget(const std::deque<Item>::const_iterator& item);

  const QueueLimits limits_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::deque<Item> items_;
  std::size_t slice_bytes_ = 0;
  std::uint64_t dropped_ = 0;
  std::optional<Goodbye> goodbye_;
  bool over_ = false;  // the goodbye was taken
};

}  // namespace headroom::server
