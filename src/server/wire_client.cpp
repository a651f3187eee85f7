#include "server/wire_client.h"

#include <charconv>
#include <deque>

#include <fmt/format.h>

#include "base/error.h"
#include "server/asio.h"
#include "wire/constants.gen.h"

namespace headroom::server {
namespace {

using Socket = websocket::stream<beast::tcp_stream>;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kConnect{10};
constexpr std::chrono::seconds kStuckWrite{10};
constexpr std::chrono::seconds kGoodbye{2};
// A buffer of the longest source in half precision, with room.
constexpr std::size_t kLargestFrame = 1ULL << 30;

Error unreachable(const WireAddress& address, std::string_view why) {
  return {ErrorKind::input,
          fmt::format("no server at ws://{}:{}: {}; start `headroom serve`, or say --url",
                      address.host, address.port, why)};
}

}  // namespace

WireAddress parse_wire_address(std::string_view url) {
  const auto refused = [&] {
    return Error(ErrorKind::usage,
                 fmt::format("'{}' is no address; give ws://HOST:PORT", printable(url)));
  };
  constexpr std::string_view scheme = "ws://";
  if (!url.starts_with(scheme)) throw refused();
  auto rest = url.substr(scheme.size());
  WireAddress address;
  if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
    address.target = rest.substr(slash);
    rest = rest.substr(0, slash);
  }
  address.port = static_cast<std::uint16_t>(wire::kDefaultPort);
  if (const auto colon = rest.rfind(':'); colon != std::string_view::npos) {
    const auto port = rest.substr(colon + 1);
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (code != std::errc() || end != port.data() + port.size() || address.port == 0)
      throw refused();
    rest = rest.substr(0, colon);
  }
  if (rest.empty() || rest.find_first_of(" \t\r\n:@") != std::string_view::npos) throw refused();
  address.host = rest;
  return address;
}

struct WireClient::State {
  net::io_context context;
  Socket socket{context};
  beast::flat_buffer buffer;
  std::deque<WireFrame> inbox;
  std::optional<WireEnd> end;
  std::string reached;
  bool reading = false;

  void connect(const WireAddress& address);
  void listen();
  void write(net::const_buffer bytes, bool text);

  // Runs until `done`, or the time is up.
  void run(const bool& done, Clock::time_point until) {
    context.restart();
    while (!done && context.run_one_until(until) > 0) {
    }
  }
};

void WireClient::State::connect(const WireAddress& address) {
  error_code code;
  tcp::resolver resolver(context);
  const auto places = resolver.resolve(address.host, std::to_string(address.port), code);
  if (code) throw unreachable(address, code.message());
  bool done = false;
  auto& stream = beast::get_lowest_layer(socket);
  stream.expires_after(kConnect);
  stream.async_connect(places, [&](error_code result, const tcp::endpoint& endpoint) {
    code = result;
    if (!result) reached = endpoint.address().to_string();
    done = true;
  });
  run(done, Clock::now() + 2 * kConnect);
  if (!done || code) throw unreachable(address, code.message());
  stream.socket().set_option(tcp::no_delay(true));
  socket.read_message_max(kLargestFrame);
  socket.set_option(websocket::stream_base::decorator([&](websocket::request_type& request) {
    if (!address.token.empty()) request.set(http::field::authorization, "Bearer " + address.token);
  }));
  done = false;
  websocket::response_type response;
  socket.async_handshake(response, fmt::format("{}:{}", address.host, address.port), address.target,
                         [&](error_code result) {
                           code = result;
                           done = true;
                         });
  run(done, Clock::now() + 2 * kConnect);
  if (!done || code) {
    const int status = static_cast<int>(response.result_int());
    throw unreachable(address,
                      status >= 300 ? fmt::format("it answers {}", status) : code.message());
  }
  stream.expires_never();
}

void WireClient::State::listen() {
  reading = true;
  socket.async_read(buffer, [this](error_code code, std::size_t) {
    reading = false;
    if (code) {
      const auto& reason = socket.reason();
      const bool said = code == websocket::error::closed;
      end = WireEnd{said ? static_cast<int>(reason.code) : 0,
                    said ? std::string(reason.reason.c_str()) : code.message()};
      return;
    }
    inbox.push_back({Clock::now(), socket.got_text(), beast::buffers_to_string(buffer.data())});
    buffer.consume(buffer.size());
    listen();
  });
}

void WireClient::State::write(net::const_buffer bytes, bool text) {
  if (end) return;
  bool done = false;
  socket.text(text);
  socket.async_write(bytes, [&](error_code code, std::size_t) {
    if (code && !end) end = WireEnd{0, code.message()};
    done = true;
  });
  run(done, Clock::now() + kStuckWrite);
  if (done) return;
  beast::get_lowest_layer(socket).close();
  run(done, Clock::now() + kStuckWrite);  // it must end before its bytes do
  end = WireEnd{0, "the server takes nothing any more"};
}

WireClient::WireClient(const WireAddress& address) : state_(std::make_unique<State>()) {
  state_->connect(address);
  state_->listen();
}

WireClient::~WireClient() {
  beast::get_lowest_layer(state_->socket).close();
  state_->context.restart();
  state_->context.run();  // what is under way ends before its buffers do
}

void WireClient::send_text(std::string_view text) {
  state_->write(net::buffer(text.data(), text.size()), true);
}

void WireClient::send_binary(std::span<const std::uint8_t> bytes) {
  state_->write(net::buffer(bytes.data(), bytes.size()), false);
}

std::optional<WireFrame> WireClient::read(Time until) {
  auto& state = *state_;
  state.context.restart();
  // What has come already is taken in even when the time is up, so that a busy caller never
  // starves.
  state.context.poll();
  while (state.inbox.empty() && !state.end && state.context.run_one_until(until) > 0) {
  }
  if (state.inbox.empty()) return std::nullopt;
  auto frame = std::move(state.inbox.front());
  state.inbox.pop_front();
  return frame;
}

std::optional<WireEnd> WireClient::ended() const {
  return state_->inbox.empty() ? state_->end : std::nullopt;
}

std::string WireClient::reached() const { return state_->reached; }

void WireClient::close() {
  auto& state = *state_;
  if (state.end) return;
  bool done = false;
  state.socket.async_close(websocket::close_code::normal, [&](error_code) { done = true; });
  state.run(done, Clock::now() + kGoodbye);
  beast::get_lowest_layer(state.socket).close();
  const auto forever = Clock::now() + kStuckWrite;
  state.run(done, forever);
}

}  // namespace headroom::server
