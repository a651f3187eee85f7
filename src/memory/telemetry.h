// What happened to the device's memory, in order: one structured event per transition, for logs,
// for the picture in the browser, for a trace on disk; and the counters that come of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace headroom::memory {

/// Tells time; a test's stands still until it is told otherwise.
using Clock = std::function<std::chrono::steady_clock::time_point()>;
Clock real_clock();

/// One transition. `what` is one of: granted, returned, resized, refused (leases); restored, parked
/// (components); trimmed; oom (a device refused after all); budget (it changed because others on
/// the card took or returned memory); step (a task's chunk ran: counted and told, not kept);
/// stems_vram (a separation's phase); idle_vram_trim (the janitor's); analysed (an upload was
/// listened to, beside the device); defect (a bound was exceeded).
struct MemoryEvent {
  double seconds = 0.0;  // since the telemetry began
  std::string what{};
  std::string name{};     // of the lease, component or step
  std::string owner{};    // the session, upload or command
  std::string purpose{};  // of a lease; the phase of stems_vram
  std::uint64_t bytes = 0;
  // The device after it, in bytes.
  std::uint64_t leased = 0;
  std::uint64_t used = 0;
  std::uint64_t reserved = 0;
  std::uint64_t others = 0;
  std::uint64_t budget = 0;

  nlohmann::json json() const;
};

/// Throws Error(input) saying what is wrong with a line of a trace.
MemoryEvent event_from_json(const nlohmann::json& json);

/// Events that snapshot() remembers: some minutes of a busy server.
inline constexpr size_t kRememberedEvents = 4096;

/// Thread-safe.
class Telemetry {
 public:
  using Sink = std::function<void(const MemoryEvent&)>;

  explicit Telemetry(Clock clock = real_clock());

  /// Stamps and keeps the event and hands it to every sink. Sinks must be quick and must not call
  /// back.
  void record(MemoryEvent event);
  void add_sink(Sink sink);

  std::vector<MemoryEvent> recent() const;
  /// How often each `what` was recorded since the beginning.
  std::map<std::string, std::uint64_t> counts() const;
  /// How often for a name: counts("restored", "separator").
  std::uint64_t count(const std::string& what, const std::string& name) const;

 private:
  mutable std::mutex mutex_;
  Clock clock_;
  std::chrono::steady_clock::time_point began_;
  std::deque<MemoryEvent> recent_;
  std::map<std::string, std::map<std::string, std::uint64_t>> counts_;
  std::vector<Sink> sinks_;
};

/// A sink that appends each event as one JSON line to a file and flushes it. Throws Error(output)
/// when the file cannot be opened.
Telemetry::Sink trace_to_file(const std::string& path);

}  // namespace headroom::memory
