#include "server/serve_bench.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <random>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/process.h"
#include "server/http_client.h"
#include "wire/constants.gen.h"
#include "wire/knobs.h"

namespace headroom::server {
namespace {

using Clock = std::chrono::steady_clock;

// Encoding a source and its prompts on a slow machine.
constexpr double kUntilReady = 300.0;
constexpr double kUntilSlice = 120.0;
constexpr double kReport = static_cast<double>(wire::kParamsCadenceMs) / 1000.0;
// Load that could not be sent in time is caught up with in bursts of so many at most.
constexpr double kBurst = 50.0;
constexpr double kLookAtMemory = 1.0;
constexpr double kStrength = 0.7;
// A knob that is off in a session of ours: it makes a new plan each time, and no other sound.
constexpr const char* kLoadKnob = "guidance_scale";

double now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }
double seconds_of(Clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}
Clock::time_point time_of(double seconds) {
  return Clock::time_point(
      std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
}

class Rehearsal {
 public:
  Rehearsal(const ServeBenchSettings& settings, const std::function<bool()>& stop);
  ServeBenchReport play();

 private:
  bool more() const { return !report_.ended && !client_.ended() && !stop_(); }
  void begin_session();
  void wait_for_sound();
  void measure();
  bool read_one(double until);
  void take(const WireFrame& frame);
  void take_text(double at, const nlohmann::json& message);
  void take_binary(double at, const WireFrame& frame);
  void send_report(double at);
  void send_load(double at);
  void turn(double at);
  ServerMemory memory() const;

  const ServeBenchSettings& settings_;
  const std::function<bool()>& stop_;
  Ear ear_;
  WireClient client_;
  ServeBenchReport report_;
  double low_ = 0.0;
  double high_ = 1.0;
  double value_ = 0.0;
  bool buffer_next_ = false;
  std::size_t stems_next_ = 0;
  double slice_bytes_ = 0.0;
  double next_report_ = 0.0;
  double load_began_ = 0.0;
  std::uint64_t load_sent_ = 0;
  std::mt19937 spread_{1};
};

Rehearsal::Rehearsal(const ServeBenchSettings& settings, const std::function<bool()>& stop)
    : settings_(settings),
      stop_(stop),
      ear_({.knob = settings.knob, .depth = settings.depth}),
      client_(settings.address) {
  const auto* const knob = wire::find_knob(settings.knob);
  const auto wanted = settings.sde ? wire::SamplerOnly::ode : wire::SamplerOnly::sde;
  if (knob->sampler == wanted)
    throw Error(ErrorKind::usage, fmt::format("{} is a knob of the other sampler: {} --sde",
                                              settings.knob, settings.sde ? "leave out" : "add"));
  const auto part = [&](double share) {
    return std::nearbyint(100.0 * (knob->least + share * (knob->most - knob->least))) / 100.0;
  };
  low_ = part(0.35);
  high_ = part(0.75);
  value_ = low_;
  report_.acts = *acts_of(settings.knob);
}

void Rehearsal::begin_session() {
  nlohmann::json config{{"depth", settings_.depth}, {"steps", settings_.steps},
                        {"sde", settings_.sde},     {"prompt", settings_.prompt},
                        {"stems_over_http", true},  {"client_id", "headroom-bench"},
                        {"take_over", true}};
  if (!settings_.track.empty()) {
    config["fixture_name"] = settings_.track;
    config["use_server_fixture"] = true;
  }
  const double began = now();
  client_.send_text(config.dump());
  if (settings_.track.empty()) {
    const auto& source = settings_.source.value();
    client_.send_binary(wire::make_pcm(source.samples, source.channels));
  }
  while (!ear_.playing() && more() && now() - began < kUntilReady) read_one(now() + 0.1);
  if (stop_()) throw Error(ErrorKind::canceled, "stopped before the session began");
  if (const auto end = client_.ended())
    throw Error(ErrorKind::input, fmt::format("the server ended the session: {} {}", end->code,
                                              printable(end->reason)));
  if (!ear_.playing())
    throw Error(ErrorKind::input, "the server starts no session; its log may say why");
  report_.until_ready = now() - began;
}

bool Rehearsal::read_one(double until) {
  const auto frame = client_.read(time_of(until));
  if (!frame) return false;
  take(*frame);
  return true;
}

void Rehearsal::take(const WireFrame& frame) {
  const double at = seconds_of(frame.arrived);
  if (!frame.text) return take_binary(at, frame);
  const auto message = nlohmann::json::parse(frame.bytes, nullptr, false);
  if (message.is_object()) take_text(at, message);
}

void Rehearsal::take_text(double at, const nlohmann::json& message) {
  const auto type = message.value("type", "");
  if (type == "params_update") {
    ear_.update(at, message.value("params", nlohmann::json::object()));
  } else if (type == "ready") {
    report_.checkpoint = message.value("checkpoint", "");
    report_.depth = message.value("pipeline_depth", std::int64_t{0});
    ear_.set_depth(report_.depth);
    buffer_next_ = true;
  } else if (type == "depth_applied") {
    ear_.set_depth(message.value("value", std::int64_t{1}));
  } else if (type == "swap_ready") {
    buffer_next_ = true;
  } else if (type == "stem_assets") {
    stems_next_ = message.value("stems", nlohmann::json::array()).size();
  } else if (type == "error" && ear_.playing()) {
    report_.ended = WireEnd{static_cast<int>(wire::kCloseFailed), message.value("message", "")};
  } else if (type == "error") {
    throw Error(ErrorKind::input, fmt::format("the server says: {} ({})",
                                              printable(message.value("message", ""), 400),
                                              printable(message.value("code", ""))));
  } else if (type == "warning" || type == "command_failed") {
    ++report_.warnings;
  }
}

void Rehearsal::take_binary(double at, const WireFrame& frame) {
  if (stems_next_ > 0) {
    --stems_next_;
    return;
  }
  const auto bytes = frame.data();
  if (std::exchange(buffer_next_, false)) {
    std::vector<std::uint16_t> halves(bytes.size() / 2);
    for (std::size_t i = 0; i < halves.size(); ++i)
      halves[i] = static_cast<std::uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8U);
    report_.buffer_seconds = static_cast<double>(halves.size()) /
                             static_cast<double>(wire::kChannels * wire::kSampleRate);
    return ear_.begin(at, halves, wire::kChannels);
  }
  slice_bytes_ += static_cast<double>(bytes.size());
  const auto slice = wire::parse_slice(bytes);
  if (!slice) throw Error(ErrorKind::input, "the server sent " + slice.error().message);
  ear_.slice(at, slice.value(), bytes.size());
}

void Rehearsal::send_report(double at) {
  // Every other knob needs a strength to act on.
  const char* const strength = settings_.sde ? "sde_amp" : "denoise";
  nlohmann::json raw{{strength, kStrength}};
  raw[settings_.knob] = value_;
  nlohmann::json params{{"type", "params"},
                        {"raw", std::move(raw)},
                        {"playback_pos", ear_.playhead(at)},
                        {"slice_bytes_rx", slice_bytes_},
                        {"client_time", at}};
  if (const auto lead = ear_.take_worst_lead()) params["slice_lead_s"] = *lead;
  client_.send_text(params.dump());
  ++report_.reports;
  next_report_ = std::max(next_report_ + kReport, at);
}

// What a controller that never rests would send: every message changes the plan.
void Rehearsal::send_load(double at) {
  const double due = (at - load_began_) * settings_.load;
  const double missing = due - static_cast<double>(load_sent_);
  for (double sent = 0.0; sent + 1.0 <= std::min(missing, kBurst); ++sent) {
    const double value = 1.0 + 0.01 * static_cast<double>(load_sent_ % 100);
    const nlohmann::json params{{"type", "params"}, {"raw", {{kLoadKnob, value}}}};
    client_.send_text(params.dump());
    ++load_sent_;
    ++report_.load_sent;
  }
  if (missing > kBurst) load_sent_ = static_cast<std::uint64_t>(due);
}

void Rehearsal::turn(double at) {
  value_ = value_ == low_ ? high_ : low_;
  ear_.turned(at, value_);
  send_report(at);
}

void Rehearsal::wait_for_sound() {
  const double began = now();
  const auto slices = [&] { return ear_.heard(now()).slices; };
  next_report_ = began;
  while (slices() == 0 && more() && now() - began < kUntilSlice) {
    send_report(now());
    read_one(next_report_);
  }
  report_.until_first_slice = now() - began;
  if (slices() == 0 && !stop_())
    throw Error(ErrorKind::input, "the session makes no sound; the server's log may say why");
}

void Rehearsal::measure() {
  const double began = now();
  const double end = began + settings_.seconds;
  const auto pause = [&] {
    return settings_.every * (1.0 + 0.25 * static_cast<double>(spread_()) / 4294967296.0);
  };
  double next_turn = began + pause();
  double next_look = began;
  load_began_ = report_.began = began;
  const double load_gap = settings_.load > 0.0 ? 1.0 / settings_.load : settings_.seconds;
  while (more()) {
    const double at = now();
    if (at >= end) break;
    if (at >= next_turn) {
      turn(at);
      next_turn = at + pause();
    } else if (at >= next_report_) {
      send_report(at);
    }
    if (settings_.load > 0.0) send_load(at);
    if (at >= next_look && settings_.pid > 0) {
      report_.resident.push_back({at, resident_bytes(settings_.pid)});
      next_look = at + kLookAtMemory;
    }
    read_one(std::min({next_report_, next_turn, at + load_gap, end}));
  }
  report_.ended_at = now();
}

ServerMemory Rehearsal::memory() const {
  const auto page = fetch(
      {.host = client_.reached(), .port = settings_.address.port, .token = settings_.address.token},
      "GET", "/metrics", {});
  auto memory = page.status == 200 ? read_metrics(page.body) : ServerMemory{};
  if (settings_.pid > 0) memory.resident = resident_bytes(settings_.pid);
  return memory;
}

ServeBenchReport Rehearsal::play() {
  begin_session();
  wait_for_sound();
  report_.before = memory();
  measure();
  report_.heard = ear_.heard(now());
  if (!report_.ended) report_.ended = client_.ended();
  report_.after = memory();
  client_.close();
  return std::move(report_);
}

}  // namespace

ServerMemory read_metrics(std::string_view page) {
  ServerMemory memory;
  const auto add = [](std::optional<double>& to, double value) { to = to.value_or(0.0) + value; };
  while (!page.empty()) {
    const auto line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(page.size(), line.size() + 1));
    const auto name = line.substr(0, line.find_first_of("{ "));
    const auto space = line.rfind(' ');
    if (line.starts_with('#') || space == std::string_view::npos) continue;
    double value = 0.0;
    const auto number = line.substr(space + 1);
    if (std::from_chars(number.data(), number.data() + number.size(), value).ec != std::errc())
      continue;
    if (name == "headroom_memory_reserved_bytes") add(memory.leased, value);
    if (name == "headroom_memory_used_bytes") add(memory.used, value);
    if (name == "headroom_memory_pool_bytes") add(memory.pool, value);
    if (name == "headroom_lease_refused_total") add(memory.refused, value);
    if (name == "headroom_slices_dropped_total") add(memory.slices_dropped, value);
  }
  return memory;
}

ServeBenchReport bench_serve(const ServeBenchSettings& settings,
                             const std::function<bool()>& stop) {
  if (settings.track.empty() && !settings.source)
    throw Error(ErrorKind::usage, "there is nothing to play: a track or a source");
  return Rehearsal(settings, stop).play();
}

}  // namespace headroom::server
