#include "server/mcp.h"

#include <iostream>

#include <ATen/ATen.h>

#include "audio/load.h"
#include "base/error.h"
#include "cli/command.h"
#include "server/http_client.h"
#include "wire/constants.gen.h"

namespace headroom::cli {
namespace {

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = static_cast<std::uint16_t>(wire::kDefaultPort);
  std::string control_host = "127.0.0.1";
  std::uint16_t control_port = static_cast<std::uint16_t>(wire::kDefaultControlPort);
  std::string token;
};

wire::Pcm load(const std::string& path) {
  LoadSettings settings;
  settings.channels = wire::kChannels;
  const auto audio =
      load_audio(path, static_cast<int>(wire::kSampleRate), settings).t().contiguous();
  wire::Pcm pcm;
  pcm.frames = static_cast<std::uint32_t>(audio.size(0));
  const auto* const data = audio.data_ptr<float>();
  pcm.samples.assign(data, data + audio.numel());
  return pcm;
}

Outcome run(const Options& options) {
  using namespace std::chrono_literals;
  server::McpServer mcp(
      {.get =
           [&](const std::string& target) {
             const auto answer =
                 server::fetch({options.host, options.port, options.token, 10s}, "GET", target, {});
             return server::McpWorld::Answer{answer.status, answer.body};
           },
       .control =
           [&](const std::string& target, const std::optional<std::string>& body) {
             const auto answer = server::fetch(
                 {options.control_host, options.control_port, options.token, body ? 120s : 5s},
                 body ? "POST" : "GET", target, body.value_or(""));
             return server::McpWorld::Answer{answer.status, answer.body};
           },
       .load = load});
  // Standard output belongs to the protocol: one line for each answer.
  for (std::string line; std::getline(std::cin, line);) {
    if (const auto answer = mcp.answer(line)) std::cout << *answer << std::endl;
  }
  return {};
}

}  // namespace

Command add_mcp(CLI::App& app) {
  auto* const command =
      app.add_subcommand("mcp", "Tools for assistants (MCP over standard input and output)");
  const auto options = std::make_shared<Options>();
  command->add_option("--host", options->host, "Where the server is (or DEMON_HOST)")
      ->envname("DEMON_HOST")
      ->capture_default_str();
  command->add_option("--port", options->port, "Its port (or DEMON_PORT)")
      ->envname("DEMON_PORT")
      ->capture_default_str();
  command
      ->add_option("--control-host", options->control_host,
                   "Its control bus (or DEMON_CONTROL_HOST)")
      ->envname("DEMON_CONTROL_HOST")
      ->capture_default_str();
  command
      ->add_option("--control-port", options->control_port, "Port of that (or DEMON_CONTROL_PORT)")
      ->envname("DEMON_CONTROL_PORT")
      ->capture_default_str();
  command->add_option("--token", options->token, "What the server asks for (or HEADROOM_TOKEN)")
      ->envname("HEADROOM_TOKEN");
  return {command, [options](const Common&, Progress&) { return run(*options); }};
}

}  // namespace headroom::cli
