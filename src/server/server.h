// The server: two ports, threads of its own, an orderly end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "library/library.h"
#include "server/engine.h"
#include "server/limits.h"
#include "server/lobby.h"
#include "server/site.h"

namespace headroom::server {

struct ServerSettings {
  std::string host = "127.0.0.1";
  std::uint16_t port = static_cast<std::uint16_t>(wire::kDefaultPort);  // 0: any free one
  bool control = true;
  std::string control_host = "127.0.0.1";
  std::uint16_t control_port = static_cast<std::uint16_t>(wire::kDefaultControlPort);
  int threads = 3;  // for sockets; work on the disk has two more
  Takeover takeover = Takeover::allow;
  Limits limits{};
  SiteSettings site{};
};

/// Listens from start() until drain() or its destructor. Thread-safe.
class Server {
 public:
  /// `library` and `engine` outlive it.
  Server(ServerSettings settings, library::Library& library, Engine& engine);
  ~Server();

  /// Throws Error(usage) when the host is no address, or the port is taken. A control port that
  /// cannot be had is only warned about.
  void start();
  std::uint16_t port() const;
  std::uint16_t control_port() const;  // 0: none

  /// No new connections; sessions get a goodbye with 1001 and uploads may end, for as long as
  /// Limits::drain. Returns when all is over.
  void drain();

  Lobby& lobby();
  Metrics& metrics();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace headroom::server
