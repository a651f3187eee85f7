// What the server answers to HTTP, apart from uploads. Source: specification of the protocol,
// section 3.1; W11, W46.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "library/library.h"
#include "server/access.h"
#include "server/engine.h"
#include "server/http.h"
#include "server/lobby.h"
#include "server/metrics.h"

namespace headroom::server {

struct SiteSettings {
  AccessRules access{};
  bool kiosk = false;
  std::string default_mode = "graph";  // graph, video
  std::filesystem::path videos{};      // empty: none
  std::string version{};
};

/// Answers requests; may read the disk, so it is asked on a thread that may wait. Thread-safe.
class Site {
 public:
  Site(SiteSettings settings, library::Library& library, Engine& engine, Lobby& lobby,
       Metrics& metrics);

  /// The main port.
  HttpReply answer(const HttpRequest& request) const;
  /// The control bus: sessions and commands to them (section 3.2).
  HttpReply control(const HttpRequest& request) const;

  const AccessRules& access() const { return settings_.access; }

 private:
  HttpReply route(const HttpRequest& request) const;
  HttpReply api(std::string_view path) const;
  HttpReply server_info() const;
  HttpReply track_file(const HttpRequest& request, std::string_view rest,
                       library::Shelf shelf) const;
  HttpReply video(const HttpRequest& request, std::string_view rest) const;
  HttpReply videos() const;
  HttpReply tracks() const;
  HttpReply remove_track(std::string_view rest) const;
  HttpReply ready() const;
  HttpReply command(const std::string& session_id, const HttpRequest& request) const;

  SiteSettings settings_;
  library::Library& library_;
  Engine& engine_;
  Lobby& lobby_;
  Metrics& metrics_;
};

/// Files of the web client that this program was built with; nothing when there are none.
const HttpReply* embedded_file(std::string_view path);

}  // namespace headroom::server
