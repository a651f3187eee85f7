#include "cli/bench.h"
#include "server/upload_bench.h"
#include "wire/constants.gen.h"

namespace headroom::cli {
namespace {

constexpr const char* kHelp =
    R"(Uploads made tracks to a running server, one after the other, as a client of the protocol does,
and tells how long each took to send, and from its last byte to upload_ok. The first one may meet a
server that is not warm. The tracks stay in the server's library.

  headroom serve --model DIR &
  headroom bench upload --seconds 120 --count 5)";

struct Options {
  std::string url = "ws://127.0.0.1:" + std::to_string(wire::kDefaultPort);
  std::string token;
  double seconds = 120.0;
  int first = 0;
  server::UploadBenchSettings bench;
};

Outcome run(const Options& options) {
  auto settings = options.bench;
  settings.address = server::parse_wire_address(options.url);
  settings.address.token = options.token;
  settings.sound = [&](int number) { return bench_sound(options.seconds, options.first + number); };
  const auto uploads = server::bench_upload(settings, stop_asked);
  return {server::to_json(uploads), server::to_text(uploads)};
}

}  // namespace

Command add_bench_upload(CLI::App& bench) {
  auto* const command = bench.add_subcommand("upload", kHelp);
  const auto options = std::make_shared<Options>();
  command->add_option("--url", options->url, "Where the server is: ws://HOST:PORT")
      ->capture_default_str();
  command->add_option("--token", options->token, "What the server asks for (or HEADROOM_TOKEN)")
      ->envname("HEADROOM_TOKEN");
  command->add_option("--seconds", options->seconds, "Length of a track")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 240.0));
  command->add_option("--count", options->bench.count, "How many")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command
      ->add_option(
          "--first", options->first,
          "Number of the first track: a server that has tracks of a run before wants others")
      ->capture_default_str()
      ->check(CLI::Range(0, 20000));
  return {command, [options](const Common&, Progress&) { return run(*options); }};
}

}  // namespace headroom::cli
