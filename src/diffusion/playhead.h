// Where the listener is, and how far ahead of him to work. Time is an argument everywhere: seconds
// of any steady clock. Sources: specification of the streaming engine, sections 20.3 and 20.5.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace headroom::diffusion {

/// How late position reports arrive: arrival minus stamp, less the smallest such difference of the
/// last two minutes (which is the offset of the two clocks and the shortest way).
class ReportDelay {
 public:
  /// The staleness in seconds, not negative, of a report stamped `sent` by the client's clock and
  /// arrived at `arrived` by ours.
  double staleness(double sent, double arrived);

 private:
  struct Bucket {
    std::int64_t index;  // of 10 s
    double least;
  };
  std::vector<Bucket> buckets_;
};

/// Follows the client's playhead: anchored whenever the reported position changes, running with the
/// clock in between.
class Playhead {
 public:
  explicit Playhead(double now, std::int64_t sample_rate = 48000)
      : anchor_time_(now), rate_(static_cast<double>(sample_rate)) {}

  /// The position that the client has reported last, and how stale that was.
  void report(std::int64_t sample, double staleness, double now);
  /// The client stops, or goes on: between the two the position stands (FIX-24).
  void pause(double now);
  void resume(double now);
  bool paused() const { return paused_; }
  /// A client that has reported nothing for so long counts as paused; 0: never. Counted from the
  /// last report, changed or not.
  void set_report_timeout(double seconds) { timeout_ = seconds; }

  /// The sample being heard, within a buffer of `length` samples.
  std::int64_t sample(double now, std::int64_t length) const;

 private:
  double running_until(double now) const;

  std::int64_t anchor_ = 0;
  double anchor_time_;
  double rate_;
  double timeout_ = 0.0;
  std::optional<double> last_report_;
  bool paused_ = false;
};

struct LeadSettings {
  double floor = 0.25;
  double ceiling = 1.35;
  double release = 1.5;  // seconds in which a stall is forgotten; never less than the ceiling, or
                         // the target would move backwards
  double window = 0.36;  // of decoding; 0: everything is decoded, without a lead
};

/// How far ahead of the playhead a window is decoded: as far as the work has lately taken.
class Lead {
 public:
  explicit Lead(LeadSettings settings = {}) : settings_(settings) {}

  /// Seconds of lead now. With a loop band armed the transport's share does not count.
  double seconds(bool band_armed = false) const;
  /// A window was written at `now`, `gap` seconds after the one before.
  void note_write(double gap, double now);
  /// A stall is coming (steps, LoRAs or weights change): the lead grows before it.
  void prewarm();
  /// The worst landing lead (seconds between a slice's arrival and its turn to be heard) that the
  /// client has seen since its last report, at `now`. What is missing is added at once, and
  /// forgotten slowly when landings are comfortable again or nothing is reported any more.
  void report_landing(double worst, double now);

  double interval() const { return interval_; }
  double stall() const { return stall_; }
  double prewarm_seconds() const { return prewarm_; }
  double transport() const { return transport_; }

 private:
  LeadSettings settings_;
  double interval_ = 0.07;
  double stall_ = 0.0;
  double prewarm_ = 1.1;
  double transport_ = 0.0;
  struct Report {
    double worst;
    double at;
  };
  std::optional<Report> last_report_;
};

/// The reference's first rule (R1), kept for comparison: a running mean of the iterations that
/// decoded something, within limits.
class MeanLead {
 public:
  void note(double seconds) { mean_ += 0.3 * (seconds - mean_); }
  double mean() const { return mean_; }
  double seconds(double floor, double cap) const;

 private:
  double mean_ = 0.1;
};

/// A stretch of the playback buffer, in samples.
struct Stretch {
  std::int64_t begin;
  std::int64_t end;
  bool operator==(const Stretch&) const = default;
};

/// Overlapping windows, sent without their overlap: only what the front of writing has passed.
class EmitFront {
 public:
  /// A window begins at `begin` in a buffer of `length`: what may be sent now. Nothing the first
  /// time, without advance, and on a small step back (the front stays then); two stretches around
  /// the end.
  std::vector<Stretch> advance(std::int64_t begin, std::int64_t length);
  /// A loop band is armed, or the buffer is another.
  void reset() { front_.reset(); }
  std::optional<std::int64_t> front() const { return front_; }
  void set_front(std::int64_t front) { front_ = front; }

 private:
  std::optional<std::int64_t> front_;
};

}  // namespace headroom::diffusion
