#include "server/site.h"

#include <algorithm>
#include <regex>

#include <fmt/format.h>

#include "base/error.h"
#include "library/track_file.h"
#include "server/metrics_page.h"
#include "wire/constants.gen.h"
#include "wire/frames.h"
#include "wire/knobs.h"
#include "wire/message.h"

namespace headroom::server {
namespace {

using library::Shelf;

constexpr std::size_t kLongestSegment = 1024;

HttpReply not_found() { return text_reply(404, "404 not found\n"); }

bool is_video(std::string_view name) {
  return name.ends_with(".mp4") || name.ends_with(".webm") || name.ends_with(".mov");
}

// What every answer of the main port carries, unless it says otherwise itself.
void add_common_headers(HttpReply& reply) {
  const auto has = [&](std::string_view name) {
    return std::any_of(reply.headers.begin(), reply.headers.end(),
                       [&](const auto& header) { return header.first == name; });
  };
  if (!has("Cache-Control")) {
    reply.headers.emplace_back("Cache-Control", "no-store, must-revalidate");
    reply.headers.emplace_back("Pragma", "no-cache");
    reply.headers.emplace_back("Expires", "0");
  }
  reply.headers.emplace_back("Permissions-Policy", "midi=*");
  reply.headers.emplace_back("X-Content-Type-Options", "nosniff");
}

nlohmann::json track_json(const library::Track& track) {
  nlohmann::json json{{"name", track.name},
                      {"track_id", track.id},
                      {"samples", track.samples},
                      {"duration_s", static_cast<double>(track.samples) / wire::kSampleRate},
                      {"bytes", track.bytes},
                      {"stems", track.has_stems},
                      {"shelf", track.shelf == Shelf::upload ? "user_uploads" : "fixtures"}};
  json["bpm"] = track.bpm ? nlohmann::json(*track.bpm) : nlohmann::json();
  json["key"] = track.key ? nlohmann::json(*track.key) : nlohmann::json();
  json["time_signature"] =
      track.time_signature ? nlohmann::json(*track.time_signature) : nlohmann::json();
  return json;
}

// The name in a path; nothing when it cannot be one.
std::optional<std::string> segment(std::string_view text) {
  if (text.empty() || text.size() > kLongestSegment || text.find('/') != std::string_view::npos)
    return std::nullopt;
  return percent_decoded(text);
}

}  // namespace

Site::Site(SiteSettings settings, library::Library& library, Engine& engine, Lobby& lobby,
           Metrics& metrics)
    : settings_(std::move(settings)),
      library_(library),
      engine_(engine),
      lobby_(lobby),
      metrics_(metrics) {}

HttpReply Site::answer(const HttpRequest& request) const {
  HttpReply reply;
  try {
    reply = route(request);
  } catch (const std::exception& error) {
    reply = problem(500, "internal", printable(error.what(), 200));
  }
  add_common_headers(reply);
  return reply;
}

HttpReply Site::route(const HttpRequest& request) const {
  const auto path = request.path();
  const bool probe = path == "/healthz" || path == "/readyz" || path == "/api/server-info";
  const Caller caller{request.header("host"), request.header("origin"),
                      request.header("authorization"), request.target};
  // The capability probe is fetched across origins, and says nothing that is secret.
  auto rules = settings_.access;
  if (path == "/api/server-info") rules.any_origin = true;
  if (const auto denial = check_access(rules, caller, !probe)) {
    ++metrics_.denied;
    return problem(denial->status, denial->status == 401 ? "token_needed" : "forbidden",
                   denial->message);
  }
  if (request.method == "DELETE" && path.starts_with("/v1/tracks/"))
    return remove_track(path.substr(11));
  if (!request.reads())
    return problem(405, "method",
                   fmt::format("{} is not answered here", printable(request.method, 20)));
  if (path.starts_with("/fixtures/")) return track_file(request, path.substr(10), Shelf::fixture);
  if (path.starts_with("/user_uploads/"))
    return track_file(request, path.substr(14), Shelf::upload);
  if (path.starts_with("/videos/")) return video(request, path.substr(8));
  if (path.starts_with("/api/") || path.starts_with("/v1/")) return api(path);
  if (path == "/healthz") return text_reply(200, "ok\n");
  if (path == "/readyz") return ready();
  if (path == "/metrics") {
    auto reply = text_reply(200, metrics_page(metrics_, lobby_, engine_.memory()));
    reply.headers[0].second = "text/plain; version=0.0.4; charset=utf-8";
    return reply;
  }
  if (const auto* const file = embedded_file(path)) return *file;
  if (path == "/")
    return text_reply(404,
                      "404 not found\nThis build has no web client; build web/ and build again.\n");
  return not_found();
}

HttpReply Site::api(std::string_view path) const {
  if (path == "/api/server-info") return server_info();
  if (path == "/api/fixtures") return json_reply(library_.names(Shelf::fixture));
  if (path == "/api/user_uploads") return json_reply(library_.names(Shelf::upload));
  if (path == "/api/loras") return json_reply(engine_.loras());
  if (path == "/api/knobs") return json_reply(wire::knobs_json());
  if (path == "/api/videos") return videos();
  if (path == "/v1/memory") return json_reply(engine_.memory());
  if (path == "/v1/tracks") return tracks();
  return not_found();
}

HttpReply Site::server_info() const {
  auto info = engine_.info();
  info["kiosk"] = settings_.kiosk;
  info["default_mode"] = settings_.default_mode;
  info["server_side_fixtures"] = library_.names(Shelf::fixture);
  info["protocol_version"] = wire::kProtocolVersion;
  info["server"] = "headroom";
  info["version"] = settings_.version;
  if (!info.contains("warmup")) info["warmup"] = nullptr;
  if (!info.contains("no_backend")) info["no_backend"] = false;
  auto reply = json_reply(info);
  reply.headers.emplace_back("Access-Control-Allow-Origin", "*");
  return reply;
}

HttpReply Site::ready() const {
  std::string why;
  if (engine_.ready(why)) return text_reply(200, "ready\n");
  return problem(503, "not_ready", why);
}

HttpReply Site::tracks() const {
  auto all = nlohmann::json::array();
  for (const auto shelf : {Shelf::fixture, Shelf::upload}) {
    for (const auto& track : library_.list(shelf)) all.push_back(track_json(track));
  }
  return json_reply(all);
}

HttpReply Site::remove_track(std::string_view rest) const {
  const auto name = segment(rest);
  const auto track = name ? library_.find(*name) : std::nullopt;
  if (!track || track->shelf != Shelf::upload)
    return problem(404, "unknown_track", "there is no upload of that name");
  if (!library_.remove(track->id))
    return problem(409, "unknown_track", "the upload was removed meanwhile");
  return {.status = 204};
}

HttpReply Site::track_file(const HttpRequest& request, std::string_view rest, Shelf shelf) const {
  const auto slash = rest.find('/');
  const auto name = segment(rest.substr(0, slash));
  const auto track = name ? library_.find(*name) : std::nullopt;
  if (!track || track->shelf != shelf) return not_found();
  if (slash == std::string_view::npos) return file_reply(request, library::source_file(*track));
  const auto behind = rest.substr(slash);
  for (const auto stem : {wire::StemMode::vocals, wire::StemMode::instruments}) {
    if (behind == fmt::format("/stems/{}.wav", to_string(stem)) && track->has_stems)
      return file_reply(request, library::stem_file(track->path, stem));
  }
  return not_found();
}

HttpReply Site::videos() const {
  std::vector<std::string> names;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(settings_.videos, code)) {
    const auto name = entry.path().filename().string();
    if (is_video(name) && entry.is_regular_file(code)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return json_reply(names);
}

HttpReply Site::video(const HttpRequest& request, std::string_view rest) const {
  const auto name = segment(rest);
  if (!name || settings_.videos.empty() || !is_video(*name) || name->starts_with(".") ||
      name->find_first_of(std::string_view("/\\\0", 3)) != std::string::npos)
    return not_found();
  return file_reply(request, settings_.videos / *name);
}

HttpReply Site::control(const HttpRequest& request) const {
  const auto answered = [&]() -> HttpReply {
    const Caller caller{request.header("host"), request.header("origin"),
                        request.header("authorization"), request.target};
    if (const auto denial = check_access(settings_.access, caller)) {
      ++metrics_.denied;
      return json_reply({{"error", denial->message}}, denial->status);
    }
    static const std::regex one(R"(/sessions/([A-Za-z0-9_-]{1,64})(/cmd)?)");
    const std::string path(request.path());
    std::smatch match;
    if (request.reads() && path == "/sessions") {
      auto list = nlohmann::json::array();
      for (const auto& session : lobby_.sessions()) list.push_back(snapshot_json(session));
      return json_reply(list);
    }
    if (!std::regex_match(path, match, one)) return json_reply({{"error", "not found"}}, 404);
    const auto session = lobby_.find(match[1].str());
    if (request.method == "POST" && match[2].matched) {
      if (!session) return json_reply({{"error", "unknown session"}}, 404);
      return command(session->id, request);
    }
    if (!request.reads() || match[2].matched) return json_reply({{"error", "not found"}}, 404);
    if (!session) return json_reply({{"error", "unknown session"}}, 404);
    return json_reply(snapshot_json(*session));
  };
  auto reply = answered();
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

// Into the same queue as the socket's commands (W27). What the browser smooths is only shown to it.
HttpReply Site::command(const std::string& session_id, const HttpRequest& request) const {
  const auto refused = [](std::string_view why) { return json_reply({{"error", why}}, 400); };
  // A page of another site can send text/plain without asking; it cannot set this (W5).
  if (request.header("x-headroom-control").empty() && !request.header("origin").empty())
    return json_reply({{"error", "the header X-Headroom-Control is needed"}}, 403);
  const auto* const raw = reinterpret_cast<const std::uint8_t*>(request.body.data());
  const auto body = wire::parse_control({raw, request.body.size()});
  if (!body) return refused(body.error().message);
  auto parsed = wire::parse_command(body.value().text);
  if (!parsed) return refused("json decode failed: " + parsed.error().message);
  auto& message = parsed.value().message;
  std::optional<wire::Pcm> audio;
  if (wire::wants_audio(message)) {
    const auto frame = wire::parse_pcm(body.value().audio);
    if (!frame) return refused("read failed: " + frame.error().message);
    audio = wire::read_pcm(frame.value());
  }
  const auto session = lobby_.find(session_id);
  if (!session) return json_reply({{"error", "unknown session"}}, 404);
  if (auto* const params = std::get_if<wire::Params>(&message)) {
    session->queue->publish(wire::ParamsEcho{params->raw});
  } else if (auto* const blend = std::get_if<wire::PromptBlend>(&message)) {
    session->queue->publish(wire::PromptBlendEcho{blend->value});
  } else {
    session->port->post(std::move(message), std::move(audio));
  }
  return json_reply(
      {{"sent", true}, {"session_id", session_id}, {"audio_bytes", body.value().audio.size()}});
}

}  // namespace headroom::server
