// `headroom bench serve` without its command line: one listener at a running server, who turns a
// knob now and then and measures what comes of it (ear.h says how).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "server/ear.h"
#include "server/wire_client.h"
#include "wire/types.h"

namespace headroom::server {

struct ServeBenchSettings {
  WireAddress address;
  std::string track{};  // of the library; empty: `source` is played
  std::optional<wire::Pcm> source{};
  double seconds = 60.0;  // of measuring, from the first slice on
  double every = 3.0;     // seconds between two turns, at least; up to a quarter more, by a seed
  std::string knob = "denoise";
  std::int64_t depth = 4;
  std::int64_t steps = 8;
  bool sde = false;
  std::string prompt = "instrumental music";
  double load = 0.0;     // further control messages in a second
  std::int64_t pid = 0;  // of a local server, for its resident memory; 0: unknown
};

/// What the server says about its memory, from /metrics and /proc; bytes.
struct ServerMemory {
  std::uint64_t resident = 0;  // 0: unknown
  std::optional<double> leased{};
  std::optional<double> used{};
  std::optional<double> pool{};
  std::optional<double> refused{};
  std::optional<double> slices_dropped{};
};
/// Of a page in Prometheus' text format; what is missing stays unset.
ServerMemory read_metrics(std::string_view page);

/// The server's resident memory at some moment of the run.
struct MemorySample {
  double at = 0.0;  // s of the clock that Turn::sent has
  std::uint64_t resident = 0;
};

struct ServeBenchReport {
  std::string checkpoint{};
  std::int64_t depth = 0;  // as the session has it
  double buffer_seconds = 0.0;
  double until_ready = 0.0;        // from the first frame sent, s
  double until_first_slice = 0.0;  // from ready, s
  Acts acts = Acts::admission;
  Heard heard{};
  std::uint64_t reports = 0;    // params with the playhead
  std::uint64_t load_sent = 0;  // further messages
  std::uint64_t warnings = 0;   // of the server, about what was sent
  double began = 0.0;           // measuring; s of the same clock
  double ended_at = 0.0;
  std::vector<MemorySample> resident{};  // once a second, of a local server
  ServerMemory before{};
  ServerMemory after{};
  /// The connection ended before the time was up: what was measured until then stands.
  std::optional<WireEnd> ended{};
};

/// Plays until the time is up, `stop` says so (looked at ten times a second at least), or the
/// server leaves. Throws Error(usage) for a knob that cannot be turned, Error(input) when there is
/// no server, or it does not start a session.
ServeBenchReport bench_serve(const ServeBenchSettings& settings, const std::function<bool()>& stop);

/// The members of the report, seconds and bytes throughout; `tenths` has latencies and memory of
/// each tenth of the time, so that what grows is seen.
nlohmann::json to_json(const ServeBenchReport& report);
/// A table for people.
std::string to_text(const ServeBenchReport& report);

}  // namespace headroom::server
