// Counts and sizes of the running server, as Prometheus reads them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace headroom::server {

/// One sample of a family: its labels as `name="value"` pairs, and its value.
struct Sample {
  std::vector<std::pair<std::string, std::string>> labels{};
  double value = 0.0;
};

/// Text exposition format 0.0.4, family by family.
class MetricsText {
 public:
  /// `kind` is counter or gauge.
  void family(std::string_view name, std::string_view help, std::string_view kind,
              const std::vector<Sample>& samples);
  /// Cumulative counts at the bounds, then the count and the sum of all.
  void histogram(std::string_view name, std::string_view help, const std::vector<double>& bounds,
                 const std::vector<std::uint64_t>& counts, double sum);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Seconds, in buckets that fit ticks and sounds. Thread-safe.
class Histogram {
 public:
  void observe(double seconds);
  void write(MetricsText& text, std::string_view name, std::string_view help) const;
  static const std::vector<double>& bounds();

 private:
  mutable std::mutex mutex_;
  std::array<std::uint64_t, 17> counts_{};
  double sum_ = 0.0;
};

/// What the server itself counts. Thread-safe; read at every scrape.
struct Metrics {
  std::atomic<std::uint64_t> connections{0};  // now
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> denied{0};  // by token, Origin or Host
  std::atomic<std::uint64_t> commands{0};
  std::atomic<std::uint64_t> slices_sent{0};
  std::atomic<std::uint64_t> slices_dropped{0};
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::uint64_t> underruns{0};
  std::atomic<std::uint64_t> uploads_running{0};
  std::atomic<std::uint64_t> uploads{0};
  std::atomic<std::uint64_t> uploads_failed{0};
  Histogram tick_seconds{};
  Histogram decode_seconds{};
  Histogram slice_lead_seconds{};
  Histogram knob_audible_seconds{};
};

}  // namespace headroom::server
