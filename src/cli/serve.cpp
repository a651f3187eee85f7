#include <cstdlib>
#include <iostream>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/command.h"
#include "library/library.h"
#include "memory/telemetry.h"
#include "server/access.h"
#include "server/server.h"
#include "server/studio_engine.h"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  server::ServerSettings server;
  StudioOption studio;
  std::vector<std::string> loras;
  std::string park = "always";
  std::string reserve = "6.0";
  bool no_separator_cache = false;
  double idle_pause = 20.0;
  bool no_warm_up = false;
  std::string trace;
  std::string library;
  std::string token;
  std::string takeover = "allow";
  std::string quota = "32GiB";
  std::string free_floor = "2GiB";
  std::string videos;
  long resume_grace = server::Limits{}.resume_grace.count();
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
  settings.limits.resume_grace = std::chrono::seconds(options.resume_grace);
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

studio::StudioSettings studio_settings(const Options& options) {
  auto settings = options.studio.settings();
  settings.separator.park = memory::parse_separator_park(options.park);
  settings.separator.reserve = static_cast<std::uint64_t>(
      memory::parse_separator_reserve(options.reserve) * static_cast<double>(1ULL << 30));
  settings.separator.keep_in_memory = !options.no_separator_cache;
  return settings;
}

bool wants_warm_up(const Options& options) {
  const auto wanted = variable({"HEADROOM_WARM_UP", "DEMON_STARTUP_WARMUP"});
  return !options.no_warm_up && (wanted.empty() || is_on(wanted, "HEADROOM_WARM_UP"));
}

// Everything that plays, in the order in which it is made.
class Band {
 public:
  Band(const Options& options, library::Library& library)
      : studio_(options.studio.model.open(), studio_settings(options)),
        loras_(studio_, lora_folders(options, library.root())),
        stage_{studio_, library, loras_, {.idle_pause = options.idle_pause}},
        engine_(stage_) {
    if (!options.trace.empty()) studio_.telemetry().add_sink(memory::trace_to_file(options.trace));
    if (wants_warm_up(options)) engine_.warm_up();
  }
  server::Engine& engine() { return engine_; }
  std::string model() const { return studio_.checkpoint_name(); }

 private:
  static std::vector<fs::path> lora_folders(const Options& options, const fs::path& library) {
    std::vector<fs::path> folders{library / "loras"};
    fs::create_directories(folders.front());
    for (const auto& folder : options.loras) folders.emplace_back(folder);
    return folders;
  }

  studio::Studio studio_;
  session::LoraShelf loras_;
  session::Stage stage_;
  server::StudioEngine engine_;
};

void announce(const server::Server& server, const server::ServerSettings& settings,
              const std::string& model, const fs::path& library, const Common& common) {
  const auto address = fmt::format("http://{}:{}/", settings.host, server.port());
  if (common.json) {
    std::cout << nlohmann::json{{"listening", address},
                                {"port", server.port()},
                                {"control_port", server.control_port()}}
                     .dump()
              << std::endl;
    return;
  }
  std::cout << fmt::format("Headroom plays at {}\nmodel {}, library {}; Ctrl-C ends it\n", address,
                           model, library.string())
            << std::flush;
}

Outcome run(const Options& options, const Common& common) {
  give_freed_memory_back();
  const auto settings = settings_of(options);
  library::Library library(
      library_folder(options),
      {.quota = parse_bytes(options.quota), .free_floor = parse_bytes(options.free_floor)});
  const auto wipe = variable({"HEADROOM_WIPE_UPLOADS", "DEMON_WIPE_USER_UPLOADS"});
  if (options.wipe || is_on(wipe, "HEADROOM_WIPE_UPLOADS")) library.wipe_all();
  server::UiOnlyEngine no_backend;
  std::optional<Band> band;
  if (!options.no_backend) band.emplace(options, library);
  server::Server server(settings, library, band ? band->engine() : no_backend);
  server.start();
  announce(server, settings, band ? band->model() : "none", library.root(), common);
  constexpr std::chrono::milliseconds look{100};
  while (!stop_asked()) std::this_thread::sleep_for(look);
  server.drain();
  Outcome outcome;
  outcome.data = {{"sessions", server.lobby().counts().entered}};
  return outcome;
}

void add_music_options(CLI::App& command, Options& options) {
  command.add_option("--loras", options.loras, "Further folders of LoRAs");
  command
      .add_option("--idle-pause", options.idle_pause,
                  "Seconds without any change after which music is not made anew; 0: never")
      ->envname("DEMON_IDLE_PAUSE_S")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      .add_option("--separator-park", options.park,
                  "Whether encoders leave the device for the separator: always, auto, never")
      ->envname("DEMON_MELBAND_VRAM_PARK")
      ->capture_default_str();
  command
      .add_option("--separator-reserve", options.reserve,
                  "For auto: GiB that are claimable for them to stay")
      ->envname("DEMON_MELBAND_VRAM_RESERVE_GB")
      ->capture_default_str();
  command.add_flag("--no-separator-cache", options.no_separator_cache,
                   "Read the separator from disk for each separation");
  command.add_flag("--no-warm-up", options.no_warm_up,
                   "Do not make a second of unheard music first; /readyz then says ready at once");
  command.add_option("--trace", options.trace,
                     "Record every transition of memory here, for headroom plan --trace");
}

}  // namespace

Command add_serve(CLI::App& app) {
  auto* const command = app.add_subcommand("serve", "The realtime server and its web client");
  const auto options = std::make_shared<Options>();
  auto& server = options->server;
  options->studio.add_to(*command);
  add_music_options(*command, *options);
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
  command
      ->add_option("--resume-grace", options->resume_grace,
                   "Seconds for which a session whose link broke waits for its client; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0, 3600));
  command->add_option("--videos", options->videos, "Folder of background videos");
  command->add_flag("--kiosk", server.site.kiosk, "For screens that nobody types at");
  command->add_option("--mode", server.site.default_mode, "First view: graph, video")
      ->capture_default_str()
      ->check(CLI::IsMember({"graph", "video"}));
  command->add_flag("--no-backend,--ui-only", options->no_backend,
                    "Files and the web client, without sessions");
  return {command, [options](const Common& common, Progress&) { return run(*options, common); }};
}

}  // namespace headroom::cli
