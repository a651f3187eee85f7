// What a listener hears of a session, measured: a playhead that runs with the clock, a mirror of
// the playback buffer, and the answers to knobs. No socket and no clock: times are arguments, in
// seconds of any steady clock.
//
// When a knob is heard. Three numbers, by how they are known:
//
// - `changed` is measured. The mirror shows what every slice changes. A session whose knobs stand
//   still makes the same generation again (its noise comes from its seed), so once the buffer was
//   gone around with one value, slices change nothing. The first slice ahead of the playhead that
//   does, after a turn, is the turn. Turns before which that was not so give no number.
// - `first`, audible-first, is inferred, no later than the truth: params_update says that the
//   engine played with the new value, and how many generations it had finished by then, G. A value
//   that acts on every slot from the next tick is in each generation that finishes after that
//   tick, so generation G + 1 has it, if not an earlier one; params_update comes ten times a
//   second at most, which this number therefore includes. A value that acts at admission is in none
//   before `full`.
// - `full`, audible-full, is inferred, no later than the truth: at most `depth` generations were
//   under way when the value was taken, so G + depth + 1 was admitted after it and is wholly made
//   with it.
//
// Each is taken at the arrival of the slice, and again (`…_heard`) when the playhead reaches the
// slice's first sample. The fade at a slice's edges (25 ms) counts as the slice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "wire/frames.h"

namespace headroom::server {

/// Nearest-rank percentiles.
struct Spread {
  std::size_t count = 0;
  double median = 0.0;
  double p90 = 0.0;
  double p99 = 0.0;
  double least = 0.0;
  double most = 0.0;
};
Spread spread_of(std::vector<double> values);

/// When a knob's new value acts: on everything under way from the next tick, or on generations that
/// are admitted later. Curves and names that nobody knows are refused: nothing.
enum class Acts { next_tick, admission };
std::optional<Acts> acts_of(std::string_view knob);

/// One turn of the knob; seconds since it was sent.
struct Turn {
  double sent = 0.0;  // of the clock
  double value = 0.0;
  std::uint32_t seen = 0;                   // generations the listener knew of
  bool still = false;                       // the buffer was all of the value before
  std::optional<std::uint32_t> taken_at{};  // G above
  std::optional<double> applied{};          // params_update said so
  std::optional<double> changed{};
  std::optional<double> changed_heard{};
  std::optional<double> first{};
  std::optional<double> first_heard{};
  std::optional<double> full{};
  std::optional<double> full_heard{};
};

struct Heard {
  double seconds = 0.0;  // since the first slice
  std::uint64_t slices = 0;
  std::uint64_t raw_slices = 0;
  std::uint64_t bytes = 0;
  std::uint64_t bad_slices = 0;   // outside the buffer
  std::uint64_t late_slices = 0;  // began behind the playhead
  double played = 0.0;            // seconds that the playhead went, since the first slice
  double stale = 0.0;  // of them through sound that nothing had refreshed since last time
  Spread lead{};       // seconds before the playhead
  Spread tick{};       // seconds, one for each generation
  Spread decode{};
  std::uint32_t generations = 0;
  std::vector<Turn> turns{};
};

/// The ear of one session's listener. One thread.
class Ear {
 public:
  struct Settings {
    std::string knob = "denoise";
    std::int64_t depth = 4;
    std::uint32_t sample_rate = 48000;
  };
  explicit Ear(Settings settings);

  /// As the session says it is: the server may have clamped what was asked for.
  void set_depth(std::int64_t depth) { settings_.depth = depth; }
  /// A buffer begins to play, from its start.
  void begin(double now, const std::vector<std::uint16_t>& halves, std::uint32_t channels);
  bool playing() const { return !mirror_.empty(); }

  /// Seconds of the buffer.
  double playhead(double now) const;

  void slice(double now, const wire::SliceFrame& slice, std::size_t bytes);
  /// params_update.
  void update(double now, const nlohmann::json& params);
  /// The knob is being sent with another value.
  void turned(double now, double value);

  /// The worst lead since the last call, for the next report; none when no slice came.
  std::optional<double> take_worst_lead();

  Heard heard(double now);
  const std::vector<float>& mirror() const { return mirror_; }

 private:
  double lead_of(double now, std::uint32_t start) const;
  double write(const wire::SliceFrame& slice);
  void note(Turn& turn, double now, double lead, std::uint32_t generations, double change) const;
  bool was_still(double now) const;
  void walk(double now);
  void refresh(std::uint32_t start, std::uint32_t count);

  Settings settings_;
  Acts acts_;
  std::vector<float> mirror_;
  std::uint32_t channels_ = 2;
  std::uint32_t frames_ = 0;
  double began_ = 0.0;
  std::optional<double> first_slice_;
  std::vector<bool> fresh_;  // blocks that were written since the playhead was there
  std::uint64_t walked_ = 0;
  std::uint64_t stale_ = 0;
  std::uint64_t walk_began_ = 0;
  std::uint32_t generations_ = 0;
  double last_change_ = 0.0;
  std::optional<double> worst_lead_;
  std::vector<double> leads_;
  std::vector<double> ticks_;
  std::vector<double> decodes_;
  Heard heard_;
};

}  // namespace headroom::server
