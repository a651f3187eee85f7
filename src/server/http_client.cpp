#include "server/http_client.h"

#include "server/asio.h"

namespace headroom::server {
namespace {

net::awaitable<void> ask(const FetchFrom& from, http::request<http::string_body>& request,
                         Fetched& fetched) {
  beast::tcp_stream stream(co_await net::this_coro::executor);
  stream.expires_after(from.limit);
  error_code code;
  const auto address =
      net::ip::make_address(from.host == "localhost" ? "127.0.0.1" : from.host, code);
  if (code) co_return;
  co_await stream.async_connect(tcp::endpoint(address, from.port), into(code));
  if (code) co_return;
  co_await http::async_write(stream, request, into(code));
  if (code) co_return;
  beast::flat_buffer buffer;
  http::response<http::string_body> response;
  co_await http::async_read(stream, buffer, response, into(code));
  if (code) co_return;
  fetched.status = static_cast<int>(response.result_int());
  fetched.body = std::move(response.body());
}

}  // namespace

Fetched fetch(const FetchFrom& from, const std::string& method, const std::string& target,
              const std::string& body) {
  Fetched fetched;
  try {
    http::request<http::string_body> request;
    request.method_string(method);
    request.target(target);
    request.version(11);
    request.set(http::field::host, from.host + ":" + std::to_string(from.port));
    request.set("X-Headroom-Control", "1");
    if (!from.token.empty()) request.set(http::field::authorization, "Bearer " + from.token);
    request.body() = body;
    request.prepare_payload();
    net::io_context context;
    net::co_spawn(context, ask(from, request, fetched), net::detached);
    context.run();
  } catch (const std::exception&) {
    fetched = {};
  }
  return fetched;
}

}  // namespace headroom::server
