// How far ahead of the playhead windows are decoded, and where the playhead is.
#include <cmath>

#include <fmt/format.h>

#include "diffusion/playhead.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

constexpr double kNear = 1e-8;

LeadSettings settings_of(const nlohmann::json& overrides) {
  LeadSettings settings;
  settings.floor = overrides.value("lead_floor_s", settings.floor);
  settings.ceiling = overrides.value("lead_ceiling_s", settings.ceiling);
  settings.release = overrides.value("lead_release_tau_s", settings.release);
  settings.window = overrides.value("vae_window", settings.window);
  return settings;
}

void add_sequence(const nlohmann::json& json, const std::string& label, Results& results) {
  Lead lead(settings_of(json.value("overrides", nlohmann::json::object())));
  const auto gaps = field<std::vector<double>>(json, "gaps", label);
  const auto prewarms = json.value("prewarm", std::vector<std::size_t>{});
  const auto reports = json.value("reports", nlohmann::json::object());
  const auto rows = field<std::vector<std::vector<double>>>(json, "rows", label);
  double now = 1000.0;
  double worst = 0.0;
  for (size_t i = 0; i < gaps.size() && i < rows.size(); ++i) {
    now += gaps[i];
    for (const auto index : prewarms) {
      if (index == i) lead.prewarm();
    }
    const auto key = fmt::format("{}", i);
    if (reports.contains(key)) lead.report_landing(reports[key].get<double>(), now);
    const double used = lead.seconds();
    lead.note_write(gaps[i], now);
    const double found[] = {gaps[i],         used,         gaps[i],
                            lead.interval(), lead.stall(), lead.prewarm_seconds(),
                            lead.transport()};
    for (size_t k = 0; k < rows[i].size() && k < std::size(found); ++k)
      worst = std::max(worst, std::abs(found[k] - rows[i][k]));
  }
  results.fact(field<std::string>(json, "name", label),
               rows.size() == gaps.size() && worst <= kNear,
               fmt::format("largest error {:.3g}, allowed {:.0e}", worst, kNear));
}

void add_playhead(const Golden& golden, Results& results) {
  const auto rows = golden.config().value("playhead", std::vector<std::vector<double>>{});
  const auto length = golden.config().value("playhead_buffer", std::int64_t{0});
  double now = 1000.0;
  Playhead playhead(now);
  std::int64_t worst = 0;
  for (const auto& row : rows) {
    now += row.at(0);
    playhead.report(static_cast<std::int64_t>(row.at(1)), row.at(2), now);
    const auto away = playhead.sample(now, length) - static_cast<std::int64_t>(row.at(3));
    worst = std::max(worst, std::abs(away));
  }
  results.fact("playhead", worst <= 1, fmt::format("{} samples away, allowed 1", worst));
}

void add_segments(const Golden& golden, Results& results) {
  for (const auto& row : golden.config().value("segments", nlohmann::json::array())) {
    EmitFront front;
    if (!row.at(0).is_null()) front.set_front(row.at(0).get<std::int64_t>());
    auto found = nlohmann::json::array();
    for (const auto& stretch : front.advance(row.at(1), row.at(2)))
      found.push_back({stretch.begin, stretch.end});
    results.fact(fmt::format("segment.{}.{}", row.at(0).dump(), row.at(1).dump()),
                 found == row.at(3) && front.front() == row.at(4).get<std::int64_t>(),
                 found.dump());
  }
}

}  // namespace

void verify_lead(Golden& golden, Results& results) {
  for (const auto& json : field<nlohmann::json>(golden.config(), "sequences", golden.label()))
    add_sequence(json, golden.label(), results);
  add_playhead(golden, results);
  add_segments(golden, results);
  if (golden.has("out.n")) results.fact("out.n", true, "a placeholder");
}

}  // namespace headroom::verify
