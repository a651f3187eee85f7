#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "library/library.h"
#include "server/access.h"
#include "server/server.h"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  server::ServerSettings server;
  std::string library;
  std::string token;
  std::string takeover = "allow";
  std::string quota = "32GiB";
  std::string free_floor = "2GiB";
  std::string videos;
  bool no_control = false;
  bool insecure = false;
  bool no_backend = false;
  bool wipe = false;
};

// The first of these variables that is set; DEMON's names are aliases of ours.
std::string variable(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

bool is_on(const std::string& value, const char* name) {
  for (const char* yes : {"1", "true", "yes", "on"}) {
    if (value == yes) return true;
  }
  for (const char* no : {"", "0", "false", "no", "off"}) {
    if (value == no) return false;
  }
  throw Error(ErrorKind::usage, fmt::format("{}={}: give 1 or 0", name, printable(value, 40)));
}

fs::path library_folder(const Options& options) {
  if (!options.library.empty()) return options.library;
  if (auto from = variable({"HEADROOM_LIBRARY", "ACESTEP_MODELS_DIR"}); !from.empty()) return from;
  const auto home = variable({"HOME"});
  if (home.empty()) throw Error(ErrorKind::usage, "--library is needed: a folder for tracks");
  return fs::path(home) / ".local/share/headroom";
}

server::ServerSettings settings_of(const Options& options) {
  auto settings = options.server;
  auto& access = settings.site.access;
  access.token = options.token.empty() ? variable({"HEADROOM_TOKEN"}) : options.token;
  access.loopback = server::is_loopback_name(settings.host);
  settings.control = !options.no_control;
  if (!access.loopback && access.token.empty() && !options.insecure) {
    throw Error(ErrorKind::usage,
                fmt::format("--host {} lets others in: give a --token they need, or --insecure",
                            printable(settings.host, 60)));
  }
  if (settings.control && !server::is_loopback_name(settings.control_host) &&
      access.token.empty() && !options.insecure)
    throw Error(ErrorKind::usage, "--control-host beyond loopback needs a --token, or --insecure");
  settings.takeover = options.takeover == "deny" ? server::Takeover::deny : server::Takeover::allow;
  settings.site.videos = options.videos;
  settings.site.version = HEADROOM_VERSION;
  return settings;
}

// Until the user, or the system, says that it is enough.
void wait_for_the_end(Progress& progress) {
  try {
    while (true) {
      progress.step();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::canceled) throw;
  }
}

Outcome run(const Options& options, Progress& progress) {
  if (!options.no_backend)
    throw Error(ErrorKind::usage, "sessions are not built yet: only serve --no-backend runs");
  const auto settings = settings_of(options);
  library::Library library(
      library_folder(options),
      {.quota = parse_bytes(options.quota), .free_floor = parse_bytes(options.free_floor)});
  const auto wipe = variable({"HEADROOM_WIPE_UPLOADS", "DEMON_WIPE_USER_UPLOADS"});
  if (options.wipe || is_on(wipe, "HEADROOM_WIPE_UPLOADS")) library.wipe_all();
  server::UiOnlyEngine engine;
  server::Server server(settings, library, engine);
  server.start();
  fmt::print(
      stderr, "headroom: http://{}:{}/{}\n", settings.host, server.port(),
      server.control_port() == 0 ? "" : fmt::format(" (control bus {})", server.control_port()));
  wait_for_the_end(progress);
  server.drain();
  Outcome outcome;
  outcome.data = {{"sessions", server.lobby().counts().entered}};
  return outcome;
}

}  // namespace

Command add_serve(CLI::App& app) {
  auto* const command = app.add_subcommand("serve", "The realtime server and its web client");
  const auto options = std::make_shared<Options>();
  auto& server = options->server;
  command->add_option("--host", server.host, "Address to listen on")->capture_default_str();
  command
      ->add_option("--port,--http-port,--ws-port", server.port,
                   "Port of HTTP and WebSocket; 0: a free one")
      ->capture_default_str();
  command->add_option("--control-host", server.control_host, "Address of the control bus")
      ->capture_default_str();
  command->add_option("--control-port", server.control_port, "Port of the control bus")
      ->capture_default_str();
  command->add_flag("--no-control", options->no_control, "No control bus");
  command->add_option("--token", options->token, "What clients must know (or HEADROOM_TOKEN)");
  command->add_flag("--insecure", options->insecure, "Listen beyond this machine without a token");
  command->add_option("--allow-origin", server.site.access.origins,
                      "Web pages that may use this server: https://…");
  command->add_option("--library", options->library, "Folder of tracks (or HEADROOM_LIBRARY)");
  command->add_option("--quota", options->quota, "Most that uploads may take of the disk")
      ->capture_default_str();
  command->add_option("--free-floor", options->free_floor, "What must stay free on the disk")
      ->capture_default_str();
  command->add_flag("--wipe-uploads", options->wipe, "Remove all uploads at the start");
  command->add_option("--max-sessions", server.limits.most_sessions, "Sessions at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command
      ->add_option("--takeover", options->takeover,
                   "What a newcomer does to who plays: allow, deny")
      ->capture_default_str()
      ->check(CLI::IsMember({"allow", "deny"}));
  command->add_option("--videos", options->videos, "Folder of background videos");
  command->add_flag("--kiosk", server.site.kiosk, "For screens that nobody types at");
  command->add_option("--mode", server.site.default_mode, "First view: graph, video")
      ->capture_default_str()
      ->check(CLI::IsMember({"graph", "video"}));
  command->add_flag("--no-backend,--ui-only", options->no_backend,
                    "Files and the web client, without sessions");
  return {command,
          [options](const Common&, Progress& progress) { return run(*options, progress); }};
}

}  // namespace headroom::cli
