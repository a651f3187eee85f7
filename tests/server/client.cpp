#include "server/client.h"

#include <stdexcept>

#include "server/asio.h"
#include "wire/frames.h"

namespace headroom::server::test {

using Socket = websocket::stream<beast::tcp_stream>;

struct Client::State {
  net::io_context context;
  Socket socket{context};
  int status = 0;
  bool text_next = false;

  // Runs one operation; false when it took too long.
  template <class Begin>
  bool run(Begin&& begin, std::chrono::milliseconds limit) {
    bool done = false;
    begin([&done](auto&&...) { done = true; });
    context.restart();
    context.run_for(limit);
    return done;
  }
};

nlohmann::json Frame::json() const { return nlohmann::json::parse(bytes); }

std::string Frame::type() const {
  if (closed) return "closed";
  if (late) return "late";
  if (text) return json().value("type", "");
  return "binary";
}

Client::Client(std::uint16_t port, const std::string& target, const Headers& headers)
    : state_(std::make_unique<State>()) {
  auto& socket = state_->socket;
  beast::get_lowest_layer(socket).socket().connect({net::ip::address_v4::loopback(), port});
  beast::get_lowest_layer(socket).socket().set_option(tcp::no_delay(true));
  socket.read_message_max(1ULL << 30);
  const auto host =
      headers.contains("Host") ? headers.at("Host") : "127.0.0.1:" + std::to_string(port);
  socket.set_option(websocket::stream_base::decorator([&headers](websocket::request_type& request) {
    for (const auto& [name, value] : headers) {
      if (name != "Host") request.set(name, value);
    }
  }));
  websocket::response_type response;
  error_code code;
  socket.handshake(response, host, target, code);
  state_->status = response.result_int();
}

Client::~Client() = default;
Client::Client(Client&&) noexcept = default;

int Client::status() const { return state_->status; }

void Client::send(const nlohmann::json& message) { send_text(message.dump()); }

void Client::send_text(const std::string& text) {
  error_code code;
  state_->socket.text(true);
  state_->socket.write(net::buffer(text), code);
}

void Client::send_binary(std::span<const std::uint8_t> bytes) {
  error_code code;
  state_->socket.binary(true);
  state_->socket.write(net::buffer(bytes.data(), bytes.size()), code);
}

void Client::send_part(std::span<const std::uint8_t> bytes, bool last) {
  error_code code;
  state_->socket.binary(true);
  state_->socket.write_some(last, net::buffer(bytes.data(), bytes.size()), code);
}

void Client::send_audio(const std::vector<float>& interleaved, std::uint32_t channels) {
  send_binary(wire::make_pcm(interleaved, channels));
}

Frame Client::read(std::chrono::milliseconds limit) {
  Frame frame;
  beast::flat_buffer buffer;
  error_code code;
  bool done = false;
  state_->socket.async_read(buffer, [&](error_code result, std::size_t) {
    code = result;
    done = true;
  });
  state_->context.restart();
  state_->context.run_for(limit);
  if (!done) {
    frame.late = true;
    beast::get_lowest_layer(state_->socket).close();
    state_->context.restart();
    state_->context.run();  // the operation ends before its buffer does
    return frame;
  }
  if (code) {
    frame.closed = true;
    frame.code = state_->socket.reason().code;
    frame.reason = state_->socket.reason().reason.c_str();
    return frame;
  }
  frame.text = state_->socket.got_text();
  frame.bytes = beast::buffers_to_string(buffer.data());
  return frame;
}

Frame Client::read_control(std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < until) {
    auto frame = read(limit);
    if (frame.closed || frame.late) return frame;
    if (frame.text ? frame.type() != "params_update" : false) return frame;
  }
  return {.late = true};
}

Frame Client::read_until(const std::string& type) {
  for (int i = 0; i < 100'000; ++i) {
    auto frame = read();
    if (frame.closed || frame.late || (frame.text && frame.type() == type)) return frame;
  }
  return {.late = true};
}

void Client::close() {
  error_code code;
  state_->socket.close(websocket::close_code::normal, code);
}

void Client::drop() { beast::get_lowest_layer(state_->socket).close(); }

nlohmann::json Answer::json() const { return nlohmann::json::parse(body); }

namespace bh = boost::beast::http;
namespace {

Answer read_answer(beast::tcp_stream& stream, bool head) {
  bh::response_parser<bh::string_body> parser;
  parser.skip(head);
  parser.body_limit(1ULL << 30);
  beast::flat_buffer buffer;
  error_code code;
  bh::read(stream, buffer, parser, code);
  Answer answer;
  answer.status = static_cast<int>(parser.get().result_int());
  answer.body = parser.get().body();
  for (const auto& field : parser.get()) {
    std::string name(field.name_string());
    for (auto& c : name) c = static_cast<char>(std::tolower(c));
    answer.headers[name] = std::string(field.value());
  }
  return answer;
}

}  // namespace

Answer http(std::uint16_t port, const std::string& method, const std::string& target,
            const Client::Headers& headers, const std::string& body) {
  net::io_context context;
  beast::tcp_stream stream(context);
  stream.socket().connect({net::ip::address_v4::loopback(), port});
  bh::request<bh::string_body> request;
  request.method_string(method);
  request.target(target);
  request.version(11);
  request.set(bh::field::host, "127.0.0.1:" + std::to_string(port));
  for (const auto& [name, value] : headers) request.set(name, value);
  request.body() = body;
  if (!body.empty() || method == "POST") request.prepare_payload();
  error_code code;
  bh::write(stream, request, code);
  return read_answer(stream, method == "HEAD");
}

struct SlowPost::State {
  net::io_context context;
  beast::tcp_stream stream{context};
};

SlowPost::SlowPost(std::uint16_t port, const std::string& target, std::size_t size)
    : state_(std::make_unique<State>()) {
  state_->stream.socket().connect({net::ip::address_v4::loopback(), port});
  send("POST " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
       "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
}

SlowPost::~SlowPost() = default;

void SlowPost::send(std::string_view piece) {
  net::write(state_->stream, net::buffer(piece.data(), piece.size()));
}

Answer SlowPost::answer() { return read_answer(state_->stream, false); }

void SlowPost::drop() { state_.reset(); }

}  // namespace headroom::server::test
