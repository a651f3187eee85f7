// The Model Context Protocol: tools for assistants that steer a session which plays already. It
// never opens one. Source: specification of the protocol, section 3.3.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/json.h"
#include "wire/types.h"

namespace headroom::server {

/// Answers JSON-RPC messages, one after the other; what it needs of the server it asks for through
/// these. One thread.
struct McpWorld {
  struct Answer {
    int status = 0;  // 0: the server cannot be reached
    std::string body{};
  };
  /// A GET on the main port.
  std::function<Answer(const std::string& target)> get;
  /// On the control bus: GET without body, POST with one.
  std::function<Answer(const std::string& target, const std::optional<std::string>& body)> control;
  /// Samples of a local file, two channels, 48 kHz. Throws Error(input).
  std::function<wire::Pcm(const std::string& path)> load;
};

class McpServer {
 public:
  explicit McpServer(McpWorld world) : world_(std::move(world)) {}

  /// The answer to one line; nothing for notifications. Never throws for any text.
  std::optional<std::string> answer(const std::string& line);

 private:
  nlohmann::json call(const std::string& name, const nlohmann::json& arguments);
  nlohmann::json state(const nlohmann::json& arguments);
  nlohmann::json send(const nlohmann::json& arguments, const nlohmann::json& command,
                      const std::optional<wire::Pcm>& audio = std::nullopt);
  nlohmann::json set_knobs(const nlohmann::json& arguments, const nlohmann::json& raw);
  nlohmann::json get_json(const std::string& target);
  std::string session_of(const nlohmann::json& arguments);

  McpWorld world_;
};

/// The tools as tools/list shows them.
nlohmann::json mcp_tools();

}  // namespace headroom::server
