#include "server/server.h"

#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "server/asio.h"
#include "server/connection.h"
#include "server/http_uploads.h"

namespace headroom::server {
namespace {

using namespace std::chrono_literals;

tcp::endpoint endpoint_of(const std::string& host, std::uint16_t port) {
  error_code code;
  const auto address = net::ip::make_address(host == "localhost" ? "127.0.0.1" : host, code);
  if (code)
    throw Error(ErrorKind::usage,
                fmt::format("--host {}: give an address such as 127.0.0.1 or 0.0.0.0",
                            printable(host, 60)));
  return {address, port};
}

}  // namespace

struct Server::State {
  State(ServerSettings from, library::Library& library, Engine& engine)
      : settings(std::move(from)),
        lobby(engine, settings.limits, settings.takeover),
        site(settings.site, library, engine, lobby, metrics),
        around{settings.limits, engine, lobby, library, metrics},
        uploads(around, site, workers, library.root() / "user_uploads" / ".incoming-http") {}

  net::awaitable<void> accept(tcp::acceptor& acceptor, Door door);
  void listen(tcp::acceptor& acceptor, const tcp::endpoint& where, Door door);
  void remember(const std::weak_ptr<WebSocket>& socket);

  ServerSettings settings;
  Metrics metrics;
  net::io_context context;
  net::thread_pool workers{2};
  Lobby lobby;
  Site site;
  Surroundings around;
  HttpUploads uploads;
  net::any_io_executor doors{net::make_strand(context)};  // drain() closes them beside accept()
  tcp::acceptor main{doors};
  tcp::acceptor control{doors};
  std::uint16_t main_port = 0;
  std::uint16_t control_port = 0;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::list<std::weak_ptr<WebSocket>> sockets;
  bool drained = false;
};

void Server::State::listen(tcp::acceptor& acceptor, const tcp::endpoint& where, Door door) {
  error_code code;
  acceptor.open(where.protocol(), code);
  if (!code) acceptor.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) acceptor.bind(where, code);
  if (!code) acceptor.listen(net::socket_base::max_listen_connections, code);
  if (code) {
    error_code ignored;
    acceptor.close(ignored);
    throw Error(ErrorKind::usage, fmt::format("port {} of {} cannot be had: {}", where.port(),
                                              where.address().to_string(), code.message()));
  }
  (door == Door::main ? main_port : control_port) = acceptor.local_endpoint().port();
  net::co_spawn(acceptor.get_executor(), accept(acceptor, door), net::detached);
}

net::awaitable<void> Server::State::accept(tcp::acceptor& acceptor, Door door) {
  while (acceptor.is_open()) {
    error_code code;
    auto socket = co_await acceptor.async_accept(net::make_strand(context), into(code));
    if (!acceptor.is_open()) co_return;
    if (code || metrics.connections >= settings.limits.most_connections) {
      // Out of descriptors, or of patience: those who are here matter more.
      net::steady_timer pause(acceptor.get_executor(), 20ms);
      co_await pause.async_wait(into(code));
      continue;
    }
    const auto executor = socket.get_executor();
    net::co_spawn(
        executor,
        serve_connection(std::move(socket), door,
                         {around, site, uploads, workers,
                          [this](const std::weak_ptr<WebSocket>& one) { remember(one); }}),
        net::detached);
  }
}

void Server::State::remember(const std::weak_ptr<WebSocket>& socket) {
  const std::lock_guard lock(mutex);
  sockets.remove_if([](const auto& one) { return one.expired(); });
  sockets.push_back(socket);
}

Server::Server(ServerSettings settings, library::Library& library, Engine& engine)
    : state_(std::make_unique<State>(std::move(settings), library, engine)) {}

Server::~Server() {
  try {
    drain();
  } catch (const std::exception& error) {
    log::error("the server did not end in order: {}", error.what());
  }
}

void Server::start() {
  auto& state = *state_;
  state.listen(state.main, endpoint_of(state.settings.host, state.settings.port), Door::main);
  if (state.settings.control) {
    try {
      state.listen(state.control,
                   endpoint_of(state.settings.control_host, state.settings.control_port),
                   Door::control);
    } catch (const Error& error) {
      log::warn("no control bus: {}", error.what());
    }
  }
  for (int i = 0; i < state.settings.threads; ++i)
    state.threads.emplace_back([&state] { state.context.run(); });
}

std::uint16_t Server::port() const { return state_->main_port; }
std::uint16_t Server::control_port() const { return state_->control_port; }
Lobby& Server::lobby() { return state_->lobby; }
Metrics& Server::metrics() { return state_->metrics; }

void Server::drain() {
  auto& state = *state_;
  if (std::exchange(state.drained, true)) return;
  net::post(state.doors, [&state] {
    error_code ignored;
    state.main.close(ignored);
    state.control.close(ignored);
  });
  state.lobby.close();
  {
    const std::lock_guard lock(state.mutex);
    for (const auto& weak : state.sockets) {
      if (const auto socket = weak.lock()) socket->go_away();
    }
  }
  const auto until = std::chrono::steady_clock::now() + state.settings.limits.drain;
  while (!state.threads.empty() && std::chrono::steady_clock::now() < until) {
    {
      const std::lock_guard lock(state.mutex);
      state.sockets.remove_if([](const auto& one) { return one.expired(); });
      if (state.sockets.empty() && state.metrics.uploads_running == 0) break;
    }
    std::this_thread::sleep_for(20ms);
  }
  // No callback of the engine may come after the queues and counts are gone.
  state.around.engine.end_uploads();
  state.lobby.wait();
  state.context.stop();
  for (auto& thread : state.threads) thread.join();
  state.threads.clear();
  state.workers.join();
}

}  // namespace headroom::server
