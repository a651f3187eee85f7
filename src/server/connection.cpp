#include "server/connection.h"

#include <array>
#include <cstdio>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "server/http_uploads.h"

namespace headroom::server {
namespace {

constexpr std::size_t kFilePiece = 256 << 10;

HttpRequest request_of(const http::request<http::empty_body>& from, const std::string& address) {
  HttpRequest request{.method = std::string(from.method_string()),
                      .target = std::string(from.target()),
                      .address = address};
  for (const auto& field : from) {
    std::string name(field.name_string());
    for (auto& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    request.headers[std::move(name)] = std::string(field.value());
  }
  return request;
}

net::awaitable<bool> write_file(beast::tcp_stream& stream, const FilePart& part,
                                std::chrono::seconds patience) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(part.path.c_str(), "rb"),
                                                             &std::fclose);
  if (!file || ::fseeko(file.get(), static_cast<off_t>(part.offset), SEEK_SET) != 0)
    co_return false;
  std::vector<char> piece(kFilePiece);
  for (std::uint64_t left = part.length; left > 0;) {
    const auto size =
        std::fread(piece.data(), 1, std::min<std::uint64_t>(left, piece.size()), file.get());
    if (size == 0) co_return false;  // it was cut meanwhile: only a closed connection says so
    error_code code;
    stream.expires_after(patience);
    co_await net::async_write(stream, net::buffer(piece.data(), size), into(code));
    if (code) co_return false;
    left -= size;
  }
  co_return true;
}

HttpReply body_too_large() { return json_reply({{"error", "the body is too large"}}, 413); }

// The whole small body of a control command; nothing when the reply was sent already.
net::awaitable<std::optional<std::string>> read_body(beast::tcp_stream& stream,
                                                     beast::flat_buffer& buffer,
                                                     http::request_parser<http::empty_body>& header,
                                                     const Limits& limits) {
  // A length that was announced has been checked already, against the limit of the port for files.
  const auto announced = header.content_length();
  if (announced && *announced > limits.message) {
    co_await write_reply(stream, body_too_large(), false, false);
    co_return std::nullopt;
  }
  http::request_parser<http::string_body> whole(std::move(header));
  whole.body_limit(limits.message);
  error_code code;
  stream.expires_after(limits.idle_http);
  co_await http::async_read(stream, buffer, whole, into(code));
  if (code == http::error::body_limit) {
    co_await write_reply(stream, body_too_large(), false, false);
    co_return std::nullopt;
  }
  if (code) co_return std::nullopt;
  co_return std::move(whole.get().body());
}

net::awaitable<HttpReply> ask(const ConnectionParts& parts, Door door, const HttpRequest& request) {
  // The site may read the disk; the strand must not wait for it.
  co_return co_await net::co_spawn(
      parts.workers.get_executor(),
      [&]() -> net::awaitable<HttpReply> {
        co_return door == Door::main ? parts.site.answer(request) : parts.site.control(request);
      },
      net::use_awaitable);
}

net::awaitable<void> upgrade(beast::tcp_stream stream, http::request<http::empty_body> message,
                             const HttpRequest& request, ConnectionParts parts) {
  const Caller caller{request.header("host"), request.header("origin"),
                      request.header("authorization"), request.target};
  if (const auto denial = check_access(parts.site.access(), caller)) {
    ++parts.around.metrics.denied;
    co_await write_reply(stream, problem(denial->status, "forbidden", denial->message), false,
                         false);
    co_return;
  }
  const auto socket = std::make_shared<WebSocket>(std::move(stream), parts.around, request.address);
  parts.remember(socket);
  co_await socket->run(std::move(message));
}

// One request; false when the connection is over.
net::awaitable<bool> serve_request(beast::tcp_stream& stream, beast::flat_buffer& buffer, Door door,
                                   const std::string& address, ConnectionParts& parts) {
  const auto& limits = parts.around.limits;
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.http_header));
  parser.body_limit(limits.upload_body);
  error_code code;
  stream.expires_after(limits.idle_http);
  co_await http::async_read_header(stream, buffer, parser, into(code));
  if (code == http::error::header_limit || code == http::error::body_limit) {
    co_await write_reply(
        stream, problem(code == http::error::header_limit ? 431 : 413, "too_large", code.message()),
        false, false);
    co_return false;
  }
  if (code) co_return false;
  ++parts.around.metrics.requests;
  auto request = request_of(parser.get(), address);
  if (door == Door::main && websocket::is_upgrade(parser.get())) {
    co_await upgrade(std::move(stream), parser.release(), request, parts);
    co_return false;
  }
  const bool keep = parser.get().keep_alive();
  if (door == Door::main && request.path() == "/v1/tracks" && request.method != "GET")
    co_return co_await parts.uploads.serve(stream, buffer, parser, request) && keep;
  if (!parser.is_done()) {
    if (door == Door::main) {
      co_await write_reply(stream, problem(413, "too_large", "no body is expected here"), false,
                           false);
      co_return false;
    }
    auto body = co_await read_body(stream, buffer, parser, limits);
    if (!body) co_return false;
    request.body = *std::move(body);
  }
  const auto reply = co_await ask(parts, door, request);
  co_return co_await write_reply(stream, reply, request.method == "HEAD", keep) && keep;
}

}  // namespace

net::awaitable<bool> write_reply(beast::tcp_stream& stream, const HttpReply& reply, bool head,
                                 bool keep_alive) {
  http::response<http::empty_body> message(static_cast<http::status>(reply.status), 11);
  message.reason(std::string(reason_of(reply.status)));
  for (const auto& [name, value] : reply.headers) message.set(name, value);
  message.set(http::field::server, "headroom");
  message.keep_alive(keep_alive);
  if (reply.status != 204 && reply.status != 304) message.content_length(reply.length());
  http::response_serializer<http::empty_body> serializer(message);
  error_code code;
  constexpr std::chrono::seconds patience{60};
  stream.expires_after(patience);
  co_await http::async_write_header(stream, serializer, into(code));
  if (code) co_return false;
  if (head || reply.length() == 0) co_return true;
  if (reply.file) co_return co_await write_file(stream, *reply.file, patience);
  const std::string_view body = reply.embedded ? *reply.embedded : std::string_view(reply.body);
  co_await net::async_write(stream, net::buffer(body.data(), body.size()), into(code));
  co_return !code;
}

net::awaitable<void> serve_connection(tcp::socket socket, Door door, ConnectionParts parts) {
  error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  const auto peer = socket.remote_endpoint(ignored);
  const auto address = peer.address().to_string();
  ++parts.around.metrics.connections;
  try {
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    while (co_await serve_request(stream, buffer, door, address, parts)) {
    }
    if (stream.socket().is_open()) stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  } catch (const std::exception& error) {
    log::error("a connection of {} ended: {}", address, printable(error.what(), 200));
  }
  --parts.around.metrics.connections;
}

}  // namespace headroom::server
