#include "server/metrics.h"

#include <algorithm>

#include <fmt/format.h>

namespace headroom::server {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

std::string labels_of(const Sample& sample) {
  if (sample.labels.empty()) return {};
  std::string out = "{";
  for (const auto& [name, value] : sample.labels)
    out += fmt::format("{}{}=\"{}\"", out.size() > 1 ? "," : "", name, escaped(value));
  return out + "}";
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view help, std::string_view kind,
                         const std::vector<Sample>& samples) {
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
  for (const auto& sample : samples)
    text_ += fmt::format("{}{} {}\n", name, labels_of(sample), sample.value);
}

void MetricsText::histogram(std::string_view name, std::string_view help,
                            const std::vector<double>& bounds,
                            const std::vector<std::uint64_t>& counts, double sum) {
  text_ += fmt::format("# HELP {} {}\n# TYPE {} histogram\n", name, help, name);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    const auto bound = i < bounds.size() ? fmt::format("{}", bounds[i]) : std::string("+Inf");
    text_ += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, bound, total);
  }
  text_ += fmt::format("{}_sum {}\n{}_count {}\n", name, sum, name, total);
}

const std::vector<double>& Histogram::bounds() {
  static const std::vector<double> all{0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075,
                                       0.1,   0.15,  0.25,  0.5,  1.0,  2.0,   5.0,  10.0};
  return all;
}

void Histogram::observe(double seconds) {
  const auto at = std::lower_bound(bounds().begin(), bounds().end(), seconds) - bounds().begin();
  const std::lock_guard lock(mutex_);
  ++counts_.at(static_cast<std::size_t>(at));
  sum_ += seconds;
}

void Histogram::write(MetricsText& text, std::string_view name, std::string_view help) const {
  const std::lock_guard lock(mutex_);
  text.histogram(name, help, bounds(), {counts_.begin(), counts_.end()}, sum_);
}

}  // namespace headroom::server
