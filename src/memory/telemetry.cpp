#include "memory/telemetry.h"

#include <fstream>
#include <memory>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"

namespace headroom::memory {

Clock real_clock() {
  return [] { return std::chrono::steady_clock::now(); };
}

nlohmann::json MemoryEvent::json() const {
  return {{"t", seconds},         {"what", what},     {"name", name},     {"owner", owner},
          {"purpose", purpose},   {"bytes", bytes},   {"leased", leased}, {"used", used},
          {"reserved", reserved}, {"others", others}, {"budget", budget}};
}

MemoryEvent event_from_json(const nlohmann::json& json) {
  try {
    MemoryEvent event;
    event.seconds = json.at("t").get<double>();
    event.what = json.at("what").get<std::string>();
    event.name = json.at("name").get<std::string>();
    event.owner = json.value("owner", "");
    event.purpose = json.value("purpose", "");
    event.bytes = json.at("bytes").get<std::uint64_t>();
    event.leased = json.at("leased").get<std::uint64_t>();
    event.used = json.at("used").get<std::uint64_t>();
    event.reserved = json.at("reserved").get<std::uint64_t>();
    event.others = json.at("others").get<std::uint64_t>();
    event.budget = json.at("budget").get<std::uint64_t>();
    return event;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::input, fmt::format("not a memory event: {}", error.what()));
  }
}

Telemetry::Telemetry(Clock clock) : clock_(std::move(clock)), began_(clock_()) {}

void Telemetry::record(MemoryEvent event) {
  const std::lock_guard lock(mutex_);
  event.seconds = std::chrono::duration<double>(clock_() - began_).count();
  ++counts_[event.what][event.name];
  for (const auto& sink : sinks_) sink(event);
  // There are dozens a second of these: they would push out everything else.
  if (event.what == "step") return;
  recent_.push_back(std::move(event));
  if (recent_.size() > kRememberedEvents) recent_.pop_front();
}

void Telemetry::add_sink(Sink sink) {
  const std::lock_guard lock(mutex_);
  sinks_.push_back(std::move(sink));
}

std::vector<MemoryEvent> Telemetry::recent() const {
  const std::lock_guard lock(mutex_);
  return {recent_.begin(), recent_.end()};
}

std::map<std::string, std::uint64_t> Telemetry::counts() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::uint64_t> sums;
  for (const auto& [what, names] : counts_) {
    for (const auto& [name, count] : names) sums[what] += count;
  }
  return sums;
}

std::uint64_t Telemetry::count(const std::string& what, const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto names = counts_.find(what);
  if (names == counts_.end()) return 0;
  const auto found = names->second.find(name);
  return found == names->second.end() ? 0 : found->second;
}

Telemetry::Sink trace_to_file(const std::string& path) {
  auto file = std::make_shared<std::ofstream>(path, std::ios::trunc);
  if (!*file) throw Error(ErrorKind::output, fmt::format("{}: cannot be written", printable(path)));
  return [file](const MemoryEvent& event) { *file << event.json().dump() << '\n' << std::flush; };
}

}  // namespace headroom::memory
