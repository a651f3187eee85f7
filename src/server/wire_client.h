// The other end of the wire: a WebSocket client that speaks frames, for programs that listen to a
// server as a browser does. It keeps no session; who uses it knows what the frames mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace headroom::server {

struct WireAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string target = "/";
  std::string token{};  // sent as a bearer; empty: none
};

/// "ws://HOST", "ws://HOST:PORT", "ws://HOST:PORT/PATH"; the port is ours where none is given.
/// Throws Error(usage) for anything else, wss:// included: a proxy does that.
WireAddress parse_wire_address(std::string_view url);

/// One message of the server.
struct WireFrame {
  std::chrono::steady_clock::time_point arrived{};  // of its last byte, as far as we know
  bool text = false;
  std::string bytes{};

  std::span<const std::uint8_t> data() const {
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  }
};

/// How the connection ended.
struct WireEnd {
  int code = 0;  // of the WebSocket; 0: without a word
  std::string reason{};
};

/// One thread. Reads go on while something is sent, so neither side can wait for the other; what
/// arrives meanwhile waits here, in order.
class WireClient {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Throws Error(input) when nobody answers there within ten seconds, or the upgrade is refused.
  explicit WireClient(const WireAddress& address);
  ~WireClient();
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;

  /// Back when the kernel has it. A peer that takes nothing for ten seconds has left. After the end
  /// nothing is sent.
  void send_text(std::string_view text);
  void send_binary(std::span<const std::uint8_t> bytes);

  /// The next message, waiting until `until` at most; none when it is late or the connection ended.
  std::optional<WireFrame> read(Time until);

  /// Set once the connection has ended and every message of before was read.
  std::optional<WireEnd> ended() const;

  /// The numeric address that was reached, for HTTP requests beside it.
  std::string reached() const;

  /// Says goodbye; waits two seconds for the answer at most.
  void close();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace headroom::server
