#include <iostream>

#include "cli/bench.h"
#include "server/serve_bench.h"
#include "wire/constants.gen.h"

namespace headroom::cli {
namespace {

constexpr const char* kHelp =
    R"(Plays a running server as a browser does, turns a knob now and then, and measures:

  params_update   the server says that it plays with the new value (ten times a second at most)
  changed sound   the first slice before the playhead that differs, measured; only for turns before
                  which the sound went around unchanged: let --every be twice its length
  audible-first   a slice with at least one step made with the new value has come by then
  audible-full    a slice made with nothing else has come by then
  slice lead      how long before its turn a slice comes; less than nothing is late

"arrives" is on the wire, "is heard" when the playhead gets there. Audible-first and -full are
reckoned from what the server says it has finished, and are never earlier than the truth.
Takes over the server's session. Exit status 1: the server ended it before the time was up.

  headroom serve --model DIR &
  headroom bench serve --seconds 4 --every 8 --for 120
  headroom bench serve --track song.wav --knob ch_g0 --load 500 --pid $(pidof headroom))";

struct Options {
  std::string url = "ws://127.0.0.1:" + std::to_string(wire::kDefaultPort);
  std::string token;
  std::string file;
  double length = 8.0;
  server::ServeBenchSettings bench;
};

Outcome run(const Options& options, const Common& common) {
  auto settings = options.bench;
  settings.address = server::parse_wire_address(options.url);
  settings.address.token = options.token;
  if (!options.file.empty()) {
    settings.source = bench_file(options.file);
  } else if (settings.track.empty()) {
    settings.source = bench_sound(options.length);
  }
  if (!common.quiet && !common.json)
    std::cerr << "measuring for " << settings.seconds << " s; Ctrl-C ends it with what there is\n";
  const auto report = server::bench_serve(settings, stop_asked);
  return {server::to_json(report), server::to_text(report), report.ended ? 1 : 0};
}

void add_sound(CLI::App& command, Options& options) {
  auto* const file = command.add_option("FILE", options.file, "A sound to play, at most 240 s");
  auto* const track =
      command.add_option("--track", options.bench.track, "A track of the server's library instead");
  command.add_option("--seconds", options.length, "Length of a made sound, when there is neither")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 240.0))
      ->excludes(file)
      ->excludes(track);
  track->excludes(file);
  command.add_option("--prompt", options.bench.prompt, "What the music is to be")
      ->capture_default_str();
  command.add_option("--depth", options.bench.depth, "Generations under way at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 8));
  command.add_option("--steps", options.bench.steps, "Steps of a generation")
      ->capture_default_str()
      ->check(CLI::Range(1, 16));
  command.add_flag("--sde", options.bench.sde, "The stochastic sampler, for --knob sde_amp");
}

}  // namespace

Command add_bench_serve(CLI::App& bench) {
  auto* const command = bench.add_subcommand("serve", kHelp);
  const auto options = std::make_shared<Options>();
  auto& settings = options->bench;
  command->add_option("--url", options->url, "Where the server is: ws://HOST:PORT")
      ->capture_default_str();
  command->add_option("--token", options->token, "What the server asks for (or HEADROOM_TOKEN)")
      ->envname("HEADROOM_TOKEN");
  add_sound(*command, *options);
  command->add_option("--for", settings.seconds, "Seconds to measure")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 86400.0));
  command->add_option("--knob", settings.knob, "Which knob is turned; any with a number")
      ->capture_default_str();
  command
      ->add_option("--every", settings.every, "Seconds between two turns, and up to a quarter more")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 3600.0));
  command
      ->add_option("--load", settings.load,
                   "Further control messages in a second, each of which changes something")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 1500.0));
  command->add_option("--pid", settings.pid, "Process of a server on this machine, for its memory")
      ->check(CLI::PositiveNumber);
  return {command, [options](const Common& common, Progress&) { return run(*options, common); }};
}

}  // namespace headroom::cli
