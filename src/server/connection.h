// One TCP connection: HTTP requests until it closes or becomes a WebSocket.
#pragma once

#include <functional>
#include <memory>

#include "server/asio.h"
#include "server/site.h"
#include "server/web_socket.h"

namespace headroom::server {

class HttpUploads;

/// Which of the two ports this is.
enum class Door { main, control };

struct ConnectionParts {
  Surroundings around;
  const Site& site;
  HttpUploads& uploads;
  net::thread_pool& workers;  // for what may wait on the disk
  std::function<void(std::weak_ptr<WebSocket>)> remember;
};

/// Until the peer leaves. Errors of the peer are its end, never an exception.
net::awaitable<void> serve_connection(tcp::socket socket, Door door, ConnectionParts parts);

/// Sends a reply and keeps its body out of memory. False when the peer is gone.
net::awaitable<bool> write_reply(beast::tcp_stream& stream, const HttpReply& reply, bool head,
                                 bool keep_alive);

}  // namespace headroom::server
