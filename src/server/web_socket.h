// One WebSocket: frames in and out, between a client and the lobby.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/asio.h"
#include "server/conversation.h"
#include "server/engine.h"
#include "server/event_queue.h"
#include "server/knob_watch.h"
#include "server/limits.h"
#include "server/lobby.h"
#include "server/metrics.h"
#include "wire/event_encoder.h"

namespace headroom::library {
class Library;
}

namespace headroom::server {

/// What connections share. Outlives them.
struct Surroundings {
  const Limits& limits;
  Engine& engine;
  Lobby& lobby;
  library::Library& library;
  Metrics& metrics;
};

/// Everything runs on the socket's strand, except what other threads put into the queue. It keeps
/// itself alive while one of its coroutines runs.
class WebSocket : public std::enable_shared_from_this<WebSocket> {
 public:
  WebSocket(beast::tcp_stream stream, Surroundings surroundings, std::string address);
  ~WebSocket();

  /// Answers the upgrade and talks until one side ends it.
  net::awaitable<void> run(http::request<http::empty_body> upgrade);
  /// The server shuts down.
  void go_away();

 private:
  using Port = std::shared_ptr<SessionPort>;
  using Time = std::chrono::steady_clock::time_point;

  net::awaitable<void> read_frames();
  net::awaitable<bool> read_frame(beast::flat_buffer& buffer);
  net::awaitable<void> write_events();
  net::awaitable<void> tick();
  net::awaitable<bool> write_event(wire::Event event);
  net::awaitable<bool> write_frame(const wire::Frame& frame);
  net::awaitable<bool> write_binary(const void* data, std::size_t size);
  net::awaitable<void> say_goodbye(const Goodbye& goodbye);

  void act(Actions actions);
  void start_session(StartSession start);
  void start_upload(StartUpload start);
  void post(Post post);
  void opened(const Port& port);
  void heed(const wire::Params& params);
  bool may_send(const wire::Slice& slice);
  bool is_too_soon(const wire::ParamsUpdate& update);
  wire::Event as_wanted(wire::Event event) const;
  void close_socket();
  void wake();

  websocket::stream<beast::tcp_stream> socket_;
  Surroundings around_;
  Owner owner_;
  Conversation conversation_;
  std::shared_ptr<EventQueue> queue_;
  wire::EventEncoder encoder_;
  net::steady_timer signal_;
  net::steady_timer ticker_;

  std::string session_id_;
  std::weak_ptr<SessionPort> port_;
  std::vector<Post> early_;  // commands from before the session was there
  bool stems_over_http_ = false;
  bool watch_memory_ = false;
  bool deaf_ = false;  // nothing the client says counts any more
  bool over_ = false;  // the socket is closed, or about to be
  Time goodbye_at_{};  // when ours was sent
  Time writing_since_{};
  bool writing_ = false;
  std::optional<double> received_;  // slice bytes, as the client counts
  KnobWatch knobs_;
  double sent_slice_bytes_ = 0.0;
  std::optional<wire::ParamsUpdate> held_update_;
  Time update_at_{};
};

}  // namespace headroom::server
