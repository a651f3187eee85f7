// `headroom serve`: the realtime server. DEMON's names of flags and environment variables work as
// well.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"
#include "cli/command.h"
#include "memory/telemetry.h"
#include "server/server.h"
#include "server/studio_engine.h"

namespace headroom::cli {
namespace {

namespace fs = std::filesystem;

// How often the main thread looks whether it is asked to stop.
constexpr std::chrono::milliseconds kLook{100};

struct Options {
  StudioOption studio;
  std::string library;
  std::vector<std::string> loras;
  std::string park = "always";
  std::string reserve = "6.0";
  bool no_separator_cache = false;
  double idle_pause = 20.0;
  std::string trace;
  bool no_control = false;
  bool deny_takeover = false;
  std::uint64_t quota_gb = 32;
  server::ServerSettings server;
};

fs::path default_library() {
  const char* data = std::getenv("XDG_DATA_HOME");
  const char* home = std::getenv("HOME");
  if (data != nullptr && *data != '\0') return fs::path(data) / "headroom";
  return fs::path(home != nullptr ? home : ".") / ".local" / "share" / "headroom";
}

studio::StudioSettings studio_settings(const Options& options) {
  auto settings = options.studio.settings();
  settings.separator.park = memory::parse_separator_park(options.park);
  settings.separator.reserve = static_cast<std::uint64_t>(
      memory::parse_separator_reserve(options.reserve) * static_cast<double>(1ULL << 30));
  settings.separator.keep_in_memory = !options.no_separator_cache;
  return settings;
}

std::vector<fs::path> lora_folders(const Options& options, const fs::path& library) {
  std::vector<fs::path> folders{library / "loras"};
  fs::create_directories(folders.front());
  for (const auto& folder : options.loras) folders.emplace_back(folder);
  return folders;
}

void check(const Options& options) {
  const auto& access = options.server.site.access;
  if (!access.loopback && access.token.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("--host {} can be reached by others; give --token SECRET, which clients "
                            "send as ?token=SECRET, or stay on 127.0.0.1",
                            options.server.host));
  }
}

Outcome run(Options options, const Common& common) {
  options.server.site.access.loopback = server::is_loopback_name(options.server.host);
  options.server.control = !options.no_control;
  if (options.deny_takeover) options.server.takeover = server::Takeover::deny;
  options.server.site.version = HEADROOM_VERSION;
  check(options);

  const fs::path root = options.library.empty() ? default_library() : fs::path(options.library);
  library::Library library(root, {.quota = options.quota_gb << 30});
  studio::Studio studio(options.studio.model.open(), studio_settings(options));
  if (!options.trace.empty()) studio.telemetry().add_sink(memory::trace_to_file(options.trace));
  session::LoraShelf loras(studio, lora_folders(options, root));
  session::Stage stage{studio, library, loras, {.idle_pause = options.idle_pause}};
  server::StudioEngine engine(stage);
  server::Server server(options.server, library, engine);
  server.start();

  const auto address = fmt::format("http://{}:{}/", options.server.host, server.port());
  if (common.json) {
    std::cout << nlohmann::json{{"listening", address},
                                {"port", server.port()},
                                {"control_port", server.control_port()}}
                     .dump()
              << std::endl;
  } else {
    std::cout << fmt::format("Headroom plays at {}\nmodel {}, library {}; Ctrl-C ends it\n", address,
                             studio.checkpoint_name(), root.string())
              << std::flush;
  }
  while (!stop_asked()) std::this_thread::sleep_for(kLook);
  server.drain();
  return {{{"ended", true}}, "Headroom has ended.\n"};
}

}  // namespace

Command add_serve(CLI::App& app) {
  auto* command = app.add_subcommand(
      "serve", "The realtime server: music that is re-imagined while it plays, in a browser");
  auto options = std::make_shared<Options>();
  auto& server = options->server;
  options->studio.add_to(*command);
  command->add_option("--host", server.host, "Address to listen on; others than loopback need --token")
      ->capture_default_str();
  command->add_option("--port,--http-port,--ws-port", server.port, "HTTP and WebSocket; 0: any free one")
      ->capture_default_str();
  command
      ->add_option("--control-port", server.control_port,
                   "Control bus for other programs on this machine")
      ->capture_default_str();
  command->add_flag("--no-control", options->no_control, "No control bus");
  command
      ->add_option("--token", server.site.access.token, "Secret that clients must know")
      ->envname("HEADROOM_TOKEN");
  command->add_option("--allow-origin", server.site.access.origins,
                      "Further web pages that may connect, such as https://example.org");
  command
      ->add_option("--library", options->library,
                   "Folder of tracks and LoRAs; default: ~/.local/share/headroom")
      ->envname("ACESTEP_MODELS_DIR");
  command->add_option("--quota", options->quota_gb, "GiB of uploads at most")->capture_default_str();
  command->add_option("--loras", options->loras, "Further folders of LoRAs");
  command
      ->add_option("--idle-pause", options->idle_pause,
                   "Seconds without any change after which music is not made anew; 0: never")
      ->envname("DEMON_IDLE_PAUSE_S")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      ->add_option("--separator-park", options->park,
                   "Whether encoders leave the device for the separator: always, auto, never")
      ->envname("DEMON_MELBAND_VRAM_PARK")
      ->capture_default_str();
  command
      ->add_option("--separator-reserve", options->reserve,
                   "For auto: GiB that are claimable for them to stay")
      ->envname("DEMON_MELBAND_VRAM_RESERVE_GB")
      ->capture_default_str();
  command->add_flag("--no-separator-cache", options->no_separator_cache,
                    "Read the separator from disk for each separation");
  command->add_flag("--deny-takeover", options->deny_takeover,
                    "A newcomer does not end the session that plays");
  command->add_flag("--kiosk", server.site.kiosk, "Tell clients that nobody attends the screen");
  command->add_option("--trace", options->trace,
                      "Record every transition of memory here, for headroom plan --trace");
  return {command,
          [options](const Common& common, Progress&) { return run(*options, common); }};
}

}  // namespace headroom::cli
