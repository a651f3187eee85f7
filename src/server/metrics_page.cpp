#include "server/metrics_page.h"

#include <map>

#include "base/error.h"

namespace headroom::server {
namespace {

double number(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number() ? found->get<double>() : 0.0;
}

std::string word(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const nlohmann::json& part(const nlohmann::json& json, const char* name) {
  static const nlohmann::json none = nlohmann::json::object();
  const auto found = json.find(name);
  return found != json.end() && !found->is_null() ? *found : none;
}

// `memory` as GET /v1/memory has it: ledger, device, counts of events.
void write_memory(MetricsText& text, const nlohmann::json& memory) {
  const auto gauge = [&](const char* name, const char* help, const nlohmann::json& from,
                         const char* member) {
    if (from.contains(member)) text.family(name, help, "gauge", {{{}, number(from, member)}});
  };
  const auto& ledger = part(memory, "ledger");
  const auto& device = part(memory, "device");
  gauge("headroom_memory_budget_bytes", "What this process may take of the device.", ledger,
        "budget");
  gauge("headroom_memory_used_bytes", "Bytes of the device in use.", device, "used");
  gauge("headroom_memory_pool_bytes", "Bytes that the pool holds.", device, "reserved");
  gauge("headroom_memory_foreign_bytes", "Bytes that other programs hold on the device.", device,
        "others");
  if (!ledger.contains("leases")) return;
  // One sample for each pair of labels; what nobody owns goes by its own name.
  std::map<std::pair<std::string, std::string>, double> sums;
  for (const auto& lease : ledger["leases"]) {
    if (number(lease, "bytes") == 0.0) continue;  // the workspace between two steps
    const auto owner = word(lease, "owner");
    sums[{owner.empty() ? word(lease, "name") : owner, word(lease, "purpose")}] +=
        number(lease, "bytes");
  }
  std::vector<Sample> samples;
  samples.reserve(sums.size());
  for (const auto& [labels, bytes] : sums)
    samples.push_back({{{"owner", labels.first}, {"kind", labels.second}}, bytes});
  text.family("headroom_memory_reserved_bytes", "Leases of the ledger.", "gauge", samples);
  text.family("headroom_lease_refused_total", "Leases that were refused.", "counter",
              {{{}, number(part(memory, "counts"), "refused")}});
}

}  // namespace

std::string metrics_page(const Metrics& metrics, const Lobby& lobby, const nlohmann::json& memory) {
  MetricsText text;
  const auto one = [&](const char* name, const char* help, const char* kind, std::uint64_t value) {
    text.family(name, help, kind, {{{}, static_cast<double>(value)}});
  };
  const auto counts = lobby.counts();
  one("headroom_sessions", "Sessions that live.", "gauge", lobby.sessions().size());
  one("headroom_sessions_total", "Sessions that were opened.", "counter", counts.entered);
  one("headroom_sessions_preempted_total", "Sessions that gave way.", "counter", counts.preempted);
  one("headroom_sessions_resumed_total", "Sessions whose client came back.", "counter",
      counts.resumed);
  one("headroom_sessions_refused_total", "Newcomers that were refused.", "counter", counts.refused);
  one("headroom_connections", "Open sockets.", "gauge", metrics.connections);
  one("headroom_http_requests_total", "HTTP requests.", "counter", metrics.requests);
  one("headroom_denied_total", "Requests without token or of a foreign origin.", "counter",
      metrics.denied);
  one("headroom_commands_total", "Commands of clients.", "counter", metrics.commands);
  one("headroom_slices_sent_total", "Slices sent.", "counter", metrics.slices_sent);
  one("headroom_slices_dropped_total", "Slices that slow clients never got.", "counter",
      metrics.slices_dropped);
  one("headroom_sent_bytes_total", "Bytes sent over WebSockets.", "counter", metrics.bytes_sent);
  one("headroom_underruns_total", "Slices that came behind the playhead, as clients report.",
      "counter", metrics.underruns);
  one("headroom_uploads_total", "Tracks uploaded.", "counter", metrics.uploads);
  one("headroom_uploads_failed_total", "Uploads that failed.", "counter", metrics.uploads_failed);
  metrics.tick_seconds.write(text, "headroom_tick_seconds", "Length of a generation tick.");
  metrics.decode_seconds.write(text, "headroom_decode_seconds", "Length of a decode.");
  metrics.slice_lead_seconds.write(text, "headroom_slice_lead_seconds",
                                   "How far before the playhead slices land, as clients report.");
  metrics.knob_audible_seconds.write(
      text, "headroom_knob_audible_seconds",
      "From a turned knob to the first slice sent that is wholly made with it.");
  write_memory(text, memory);
  return text.text();
}

nlohmann::json snapshot_json(const LiveSession& session) {
  nlohmann::json json{{"id", session.id}, {"started_at", session.started_at}};
  try {
    auto snapshot = session.port->snapshot();
    snapshot.id = session.id;
    snapshot.started_at = session.started_at;
    json.update(wire::to_json(snapshot));
  } catch (const std::exception& error) {
    json["snapshot_error"] = printable(error.what(), 200);
  }
  return json;
}

}  // namespace headroom::server
