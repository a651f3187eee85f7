// A client for tests: real sockets, one frame after the other, a limit on every wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace headroom::server::test {

struct Frame {
  bool text = false;
  bool closed = false;  // there are no more; code and reason say why
  bool late = false;    // nothing came in time
  int code = 0;
  std::string reason{};
  std::string bytes{};

  nlohmann::json json() const;
  std::string type() const;  // of a text frame; "slice" or "binary" of others
};

class Client {
 public:
  using Headers = std::map<std::string, std::string>;

  explicit Client(std::uint16_t port, const std::string& target = "/", const Headers& headers = {});
  ~Client();
  Client(Client&&) noexcept;

  /// HTTP status of the upgrade: 101 when it succeeded.
  int status() const;
  void send(const nlohmann::json& message);
  void send_text(const std::string& text);
  void send_binary(std::span<const std::uint8_t> bytes);
  void send_audio(const std::vector<float>& interleaved, std::uint32_t channels = 2);
  /// A binary message of which only a part is sent.
  void send_part(std::span<const std::uint8_t> bytes, bool last);
  Frame read(std::chrono::milliseconds limit = std::chrono::seconds(60));
  /// The next frame that is neither a slice nor a params_update.
  Frame read_control(std::chrono::milliseconds limit = std::chrono::seconds(60));
  /// Reads on until a text frame of that type.
  Frame read_until(const std::string& type);
  void close();
  /// Ends the connection without a word.
  void drop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers{};  // names in lower case
  std::string body{};
  nlohmann::json json() const;
};
Answer http(std::uint16_t port, const std::string& method, const std::string& target,
            const Client::Headers& headers = {}, const std::string& body = {});

/// A POST whose body goes out piece by piece.
class SlowPost {
 public:
  /// Sends the header of a body of `size` bytes.
  SlowPost(std::uint16_t port, const std::string& target, std::size_t size);
  ~SlowPost();
  /// Back when the kernel has it.
  void send(std::string_view piece);
  Answer answer();
  /// Ends the connection without a word.
  void drop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace headroom::server::test
