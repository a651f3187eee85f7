// What `headroom bench serve` says: a table, and JSON.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "server/serve_bench.h"

namespace headroom::server {
namespace {

using Member = std::optional<double> Turn::*;

struct Latency {
  const char* name;   // in JSON
  const char* label;  // in the table
  Member member;
};
constexpr Latency kLatencies[] = {
    {"applied", "params_update says so", &Turn::applied},
    {"changed", "changed sound arrives", &Turn::changed},
    {"changed_heard", "changed sound is heard", &Turn::changed_heard},
    {"first", "audible-first arrives by", &Turn::first},
    {"first_heard", "audible-first is heard by", &Turn::first_heard},
    {"full", "audible-full arrives by", &Turn::full},
    {"full_heard", "audible-full is heard by", &Turn::full_heard},
};

// Of turns [begin, end).
Spread latency(const std::vector<Turn>& turns, Member member, std::size_t begin, std::size_t end) {
  std::vector<double> values;
  for (auto i = begin; i < end; ++i) {
    if (const auto& value = turns[i].*member) values.push_back(*value);
  }
  return spread_of(std::move(values));
}

nlohmann::json json_of(const Spread& spread) {
  if (spread.count == 0) return {{"count", 0}};
  return {{"count", spread.count}, {"min", spread.least}, {"median", spread.median},
          {"p90", spread.p90},     {"p99", spread.p99},   {"max", spread.most}};
}

// What the first changed sound may take when the value acts from the next tick: the tick that runs,
// one more, and a decode, at some percentile of this run's own.
struct Bound {
  const char* name;
  double Spread::*at;
};
constexpr Bound kBounds[] = {
    {"median", &Spread::median}, {"p90", &Spread::p90}, {"max", &Spread::most}};

double bound_of(const Heard& heard, const Bound& bound) {
  return 2.0 * heard.tick.*bound.at + heard.decode.*bound.at;
}

std::size_t changed_within(const Heard& heard, double limit) {
  return static_cast<std::size_t>(std::ranges::count_if(
      heard.turns, [&](const Turn& turn) { return turn.changed && *turn.changed <= limit; }));
}

nlohmann::json bounds_json(const Heard& heard) {
  auto json = nlohmann::json::object();
  for (const auto& bound : kBounds) {
    const double limit = bound_of(heard, bound);
    json[bound.name] = {{"seconds", limit}, {"turns_within", changed_within(heard, limit)}};
  }
  return json;
}

nlohmann::json json_of(const ServerMemory& memory) {
  auto json = nlohmann::json::object();
  if (memory.resident > 0) json["resident_bytes"] = memory.resident;
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) json[name] = *value;
  };
  add("leased_bytes", memory.leased);
  add("used_bytes", memory.used);
  add("pool_bytes", memory.pool);
  add("leases_refused", memory.refused);
  add("slices_dropped", memory.slices_dropped);
  return json;
}

// Turns that were sent in this tenth of the time, and what the server held then at most.
nlohmann::json tenth_of(const ServeBenchReport& report, std::size_t tenth) {
  const double length = (report.ended_at - report.began) / 10.0;
  const double from = report.began + length * static_cast<double>(tenth);
  const auto within = [&](double at) { return at >= from && at < from + length; };
  std::vector<Turn> turns;
  std::copy_if(report.heard.turns.begin(), report.heard.turns.end(), std::back_inserter(turns),
               [&](const Turn& turn) { return within(turn.sent); });
  nlohmann::json json{{"from_seconds", from - report.began}, {"turns", turns.size()}};
  for (const auto& [name, member] :
       {std::pair("applied", &Turn::applied), std::pair("full", &Turn::full)})
    json[name] = json_of(latency(turns, member, 0, turns.size()));
  std::uint64_t most = 0;
  for (const auto& sample : report.resident) {
    if (within(sample.at)) most = std::max(most, sample.resident);
  }
  if (most > 0) json["resident_most_bytes"] = most;
  return json;
}

double per_second(double count, const Heard& heard) {
  return heard.seconds > 0.0 ? count / heard.seconds : 0.0;
}

std::string row(const char* label, const Spread& spread) {
  if (spread.count == 0) return fmt::format("{:<28}{:>8}\n", label, "none");
  const auto ms = [](double seconds) { return seconds * 1000.0; };
  return fmt::format("{:<28}{:>8}{:>10.1f}{:>10.1f}{:>10.1f}{:>10.1f}\n", label, spread.count,
                     ms(spread.median), ms(spread.p90), ms(spread.p99), ms(spread.most));
}

std::string memory_text(const char* when, const ServerMemory& memory) {
  std::string text;
  const auto add = [&](const char* name, std::optional<double> bytes) {
    if (bytes)
      text += fmt::format(", {} {}", name, human_bytes(static_cast<std::uint64_t>(*bytes)));
  };
  if (memory.resident > 0) add("resident", static_cast<double>(memory.resident));
  add("leased", memory.leased);
  add("used", memory.used);
  add("pool", memory.pool);
  return text.empty() ? "" : fmt::format("memory {}: {}\n", when, text.substr(2));
}

}  // namespace

nlohmann::json to_json(const ServeBenchReport& report) {
  const auto& heard = report.heard;
  const auto turns = heard.turns.size();
  nlohmann::json json{{"checkpoint", report.checkpoint},
                      {"depth", report.depth},
                      {"buffer_seconds", report.buffer_seconds},
                      {"until_ready_seconds", report.until_ready},
                      {"until_first_slice_seconds", report.until_first_slice},
                      {"seconds", heard.seconds},
                      {"acts_at", report.acts == Acts::next_tick ? "next_tick" : "admission"},
                      {"slices", heard.slices},
                      {"slices_per_second", per_second(static_cast<double>(heard.slices), heard)},
                      {"bytes_per_second", per_second(static_cast<double>(heard.bytes), heard)},
                      {"generations", heard.generations},
                      {"late_slices", heard.late_slices},
                      {"bad_slices", heard.bad_slices},
                      {"played_seconds", heard.played},
                      {"stale_seconds", heard.stale},
                      {"slice_lead_seconds", json_of(heard.lead)},
                      {"tick_seconds", json_of(heard.tick)},
                      {"decode_seconds", json_of(heard.decode)},
                      {"turns", turns},
                      {"reports", report.reports},
                      {"load_messages", report.load_sent},
                      {"load_per_second", per_second(static_cast<double>(report.load_sent), heard)},
                      {"warnings", report.warnings},
                      {"memory_before", json_of(report.before)},
                      {"memory_after", json_of(report.after)}};
  std::uint64_t most = 0;
  for (const auto& sample : report.resident) most = std::max(most, sample.resident);
  if (most > 0) json["resident_most_bytes"] = most;
  for (std::size_t tenth = 0; tenth < 10; ++tenth)
    json["tenths"].push_back(tenth_of(report, tenth));
  for (const auto& [name, label, member] : kLatencies) {
    auto& entry = json["knob_seconds"][name];
    entry = json_of(latency(heard.turns, member, 0, turns));
    entry["first_half"] = json_of(latency(heard.turns, member, 0, turns / 2));
    entry["second_half"] = json_of(latency(heard.turns, member, turns / 2, turns));
  }
  if (report.acts == Acts::next_tick) json["two_ticks_and_a_decode"] = bounds_json(heard);
  if (report.ended)
    json["ended"] = {{"code", report.ended->code}, {"reason", printable(report.ended->reason)}};
  return json;
}

std::string to_text(const ServeBenchReport& report) {
  const auto& heard = report.heard;
  const auto turns = heard.turns.size();
  auto text = fmt::format(
      "{}, depth {}, {:.1f} s of sound; ready after {:.2f} s, first slice {:.2f} s later\n\n"
      "{:<28}{:>8}{:>10}{:>10}{:>10}{:>10}\n",
      report.checkpoint, report.depth, report.buffer_seconds, report.until_ready,
      report.until_first_slice, "milliseconds", "count", "median", "p90", "p99", "max");
  for (const auto& [name, label, member] : kLatencies)
    text += row(label, latency(heard.turns, member, 0, turns));
  text += row("  first half of the turns", latency(heard.turns, &Turn::full, 0, turns / 2));
  text += row("  second half", latency(heard.turns, &Turn::full, turns / 2, turns));
  const auto changed = latency(heard.turns, &Turn::changed, 0, turns);
  if (report.acts == Acts::next_tick && changed.count > 0) {
    for (const auto& bound : kBounds) {
      const double limit = bound_of(heard, bound);
      text += fmt::format("  two ticks and a decode ({}): {:.1f}; {} of {} turns came within\n",
                          bound.name, limit * 1000.0, changed_within(heard, limit), changed.count);
    }
  }
  text += row("slice lead", heard.lead);
  text += row("tick", heard.tick);
  text += row("decode", heard.decode);
  text += fmt::format(
      "\n{} slices, {:.1f} a second, {}/s; the worst came {:.0f} ms before its turn, {} came late\n"
      "{:.1f} s played, {:.2f} s of them not refreshed; {} turns, {} generations\n",
      heard.slices, per_second(static_cast<double>(heard.slices), heard),
      human_bytes(static_cast<std::uint64_t>(per_second(static_cast<double>(heard.bytes), heard))),
      heard.lead.least * 1000.0, heard.late_slices, heard.played, heard.stale, turns,
      heard.generations);
  if (report.load_sent > 0)
    text += fmt::format("load: {} messages beside {} reports, {:.0f} a second\n", report.load_sent,
                        report.reports, per_second(static_cast<double>(report.load_sent), heard));
  text += memory_text("at the start", report.before) + memory_text("at the end", report.after);
  if (report.ended)
    text += fmt::format("the server ended it: {} {}\n", report.ended->code,
                        printable(report.ended->reason));
  return text;
}

}  // namespace headroom::server
