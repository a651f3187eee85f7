#include "server/web_socket.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "library/library.h"
#include "server/access.h"
#include "wire/constants.gen.h"

namespace headroom::server {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kTick = 250ms;
constexpr auto kUpdateInterval = 100ms;  // params_update at most ten times a second (W35)
constexpr std::size_t kReadPiece = 64 << 10;
constexpr std::size_t kMostEarly = 1000;
constexpr std::size_t kLongestReason = 123;  // bytes, by the WebSocket protocol

std::span<const std::uint8_t> bytes_of(const beast::flat_buffer& buffer) {
  return {static_cast<const std::uint8_t*>(buffer.data().data()), buffer.data().size()};
}

}  // namespace

WebSocket::WebSocket(beast::tcp_stream stream, Surroundings surroundings, std::string address)
    : socket_(std::move(stream)),
      around_(surroundings),
      owner_{{}, std::move(address)},
      conversation_(surroundings.limits),
      signal_(socket_.get_executor()),
      ticker_(socket_.get_executor()) {}

WebSocket::~WebSocket() {
  around_.metrics.slices_dropped += queue_ == nullptr ? 0 : queue_->dropped();
}

net::awaitable<void> WebSocket::run(http::request<http::empty_body> upgrade) {
  const auto self = shared_from_this();
  queue_ = std::make_shared<EventQueue>(
      QueueLimits{around_.limits.queue_events, around_.limits.queue_slice_bytes,
                  around_.limits.slice_age},
      [weak = weak_from_this()] {
        // Only while the socket is there is there an executor to post to.
        if (const auto alive = weak.lock())
          net::post(alive->socket_.get_executor(), [weak] {
            if (const auto still = weak.lock()) still->wake();
          });
      });
  beast::get_lowest_layer(socket_).expires_never();
  socket_.set_option(websocket::stream_base::timeout{
      around_.limits.handshake, around_.limits.silent_peer, /*keep_alive_pings=*/true});
  // No compression: slices are compressed already, and it cannot be limited on input (W9, W35).
  socket_.read_message_max(around_.limits.message);
  socket_.auto_fragment(false);
  error_code code;
  co_await socket_.async_accept(upgrade, into(code));
  if (code) co_return;
  if (!around_.engine.has_backend()) {
    deaf_ = true;
    queue_->finish({static_cast<int>(wire::kCloseFailed), "ui-only mode (no generative backend)"});
  }
  const auto executor = socket_.get_executor();
  net::co_spawn(
      executor, [self] { return self->write_events(); }, net::detached);
  net::co_spawn(
      executor, [self] { return self->tick(); }, net::detached);
  co_await read_frames();
  over_ = true;
  if (!session_id_.empty()) {
    // A close frame that came is a goodbye, ours or the client's; anything else broke the link.
    const bool goodbye = socket_.reason().code != websocket::close_code::none;
    around_.lobby.leave(session_id_,
                        goodbye ? Lobby::Leaving::goodbye : Lobby::Leaving::broken_link);
  }
  wake();
  ticker_.cancel();
}

void WebSocket::wake() { signal_.cancel(); }

void WebSocket::go_away() {
  net::post(socket_.get_executor(), [self = shared_from_this()] {
    if (self->queue_)
      self->queue_->finish({static_cast<int>(wire::kCloseGoingAway), "the server shuts down"});
  });
}

net::awaitable<void> WebSocket::read_frames() {
  beast::flat_buffer buffer;
  while (co_await read_frame(buffer)) buffer.consume(buffer.size());
}

// One whole message and what it leads to; false when there will be no more.
net::awaitable<bool> WebSocket::read_frame(beast::flat_buffer& buffer) {
  bool refused = false;
  bool judged = false;
  do {
    error_code code;
    co_await socket_.async_read_some(buffer, kReadPiece, into(code));
    if (code) co_return false;
    const auto now = Clock::now();
    if (socket_.got_text()) {
      if (buffer.size() > conversation_.text_limit()) {
        queue_->finish(
            {static_cast<int>(wire::kCloseTooBig),
             fmt::format("a text of at most {} bytes is expected", conversation_.text_limit())});
        deaf_ = true;
      }
    } else {
      conversation_.on_progress(now);
      const bool enough = buffer.size() >= static_cast<std::size_t>(wire::kPcmHeaderBytes);
      if (!judged && (enough || socket_.is_message_done())) {
        judged = true;
        refused = !conversation_.wants(bytes_of(buffer));
        if (refused) act(conversation_.on_refused_binary(bytes_of(buffer), now));
      }
    }
    // What is of no use is read on and thrown away, so that the next frame can be understood.
    if (refused || deaf_) buffer.consume(buffer.size());
  } while (!socket_.is_message_done());
  if (deaf_ || refused) co_return true;
  const auto all = bytes_of(buffer);
  if (socket_.got_text())
    act(conversation_.on_text({reinterpret_cast<const char*>(all.data()), all.size()},
                              Clock::now()));
  else
    act(conversation_.on_binary(all, Clock::now()));
  if (buffer.capacity() > kReadPiece * 16) buffer = beast::flat_buffer();
  co_return true;
}

void WebSocket::act(Actions actions) {
  for (auto& action : actions) {
    if (deaf_) return;
    if (auto* const event = std::get_if<wire::Event>(&action)) {
      queue_->publish(std::move(*event));
    } else if (auto* const goodbye = std::get_if<Goodbye>(&action)) {
      deaf_ = true;
      queue_->finish(std::move(*goodbye));
    } else if (auto* const command = std::get_if<Post>(&action)) {
      post(std::move(*command));
    } else if (auto* const session = std::get_if<StartSession>(&action)) {
      start_session(std::move(*session));
    } else {
      start_upload(std::move(std::get<StartUpload>(action)));
    }
  }
}

void WebSocket::start_session(StartSession start) {
  owner_.client_id = start.config.client_id.value_or("");
  stems_over_http_ = start.config.stems_over_http;
  watch_memory_ = start.config.watch_memory;
  session_id_ = new_session_id();
  SessionRequest request{session_id_, std::move(start.config), std::move(start.source), owner_};
  around_.lobby.enter(
      std::move(request), {owner_, queue_},
      [weak = weak_from_this(), executor = socket_.get_executor()](const Port& port) {
        net::post(executor, [weak, port = std::weak_ptr(port)] {
          const auto self = weak.lock();
          if (self) self->opened(port.lock());
        });
      });
}

void WebSocket::opened(const Port& port) {
  if (port == nullptr) return;
  port_ = port;
  for (auto& post : std::exchange(early_, {}))
    port->post(std::move(post.command), std::move(post.audio));
}

void WebSocket::start_upload(StartUpload start) {
  owner_.client_id = start.track.client_id.value_or("");
  const auto queue = queue_;
  auto& metrics = around_.metrics;
  auto& lobby = around_.lobby;
  if (metrics.uploads_running >= around_.limits.most_uploads) {
    queue->publish(
        wire::UploadFailed{.error = "too many uploads at once; try again", .code = "busy"});
    queue->finish({static_cast<int>(wire::kCloseNormal), {}});
    return;
  }
  ++metrics.uploads_running;
  around_.engine.begin_upload(
      {.track = std::move(start.track), .source = std::move(start.source), .owner = owner_},
      [queue, &metrics](wire::Event event) {
        --metrics.uploads_running;
        ++(std::holds_alternative<wire::UploadOk>(event) ? metrics.uploads
                                                         : metrics.uploads_failed);
        queue->publish(std::move(event));
        queue->finish({static_cast<int>(wire::kCloseNormal), {}});
      },
      [owner = owner_, &lobby](const wire::Event& event) { lobby.push(owner, event); });
}

void WebSocket::post(Post post) {
  ++around_.metrics.commands;
  if (const auto* const watch = std::get_if<wire::WatchMemory>(&post.command)) {
    watch_memory_ = watch->on;
    return;
  }
  if (const auto* const params = std::get_if<wire::Params>(&post.command)) heed(*params);
  if (const auto port = port_.lock()) {
    port->post(std::move(post.command), std::move(post.audio));
  } else if (early_.size() < kMostEarly) {
    early_.push_back(std::move(post));
  }
}

// What a client reports about its link (W45).
void WebSocket::heed(const wire::Params& params) {
  knobs_.heed(params.raw, Clock::now());
  if (params.slice_bytes_rx) received_ = std::max(received_.value_or(0.0), *params.slice_bytes_rx);
  if (params.slice_lead_s) {
    around_.metrics.slice_lead_seconds.observe(std::max(0.0, *params.slice_lead_s));
    if (*params.slice_lead_s < 0.0) ++around_.metrics.underruns;
  }
}

bool WebSocket::may_send(const wire::Slice& slice) {
  around_.metrics.tick_seconds.observe(slice.tick_ms / 1000.0);
  around_.metrics.decode_seconds.observe(slice.decode_ms / 1000.0);
  const bool free = !received_ || sent_slice_bytes_ - *received_ <=
                                      static_cast<double>(around_.limits.slice_window);
  if (!free) ++around_.metrics.slices_dropped;
  return free;
}

bool WebSocket::is_too_soon(const wire::ParamsUpdate& update) {
  const auto now = Clock::now();
  if (now - update_at_ < kUpdateInterval) {
    held_update_ = update;
    return true;
  }
  update_at_ = now;
  held_update_.reset();
  return false;
}

// Stems as links, for clients that fetch them themselves (W34).
wire::Event WebSocket::as_wanted(wire::Event event) const {
  const auto* const stems = std::get_if<wire::StemAssets>(&event);
  if (stems == nullptr || !stems_over_http_) return event;
  const auto track = around_.library.find(stems->fixture_name);
  if (!track || !track->has_stems) return event;
  const auto base = fmt::format(
      "/{}/{}/stems/", track->shelf == library::Shelf::upload ? "user_uploads" : "fixtures",
      percent_encoded(track->name));
  wire::StemLinks links;
  links.fixture_name = stems->fixture_name;
  links.vocals = base + "vocals.wav";
  links.instruments = base + "instruments.wav";
  links.source_mode = stems->source_mode;
  return links;
}

net::awaitable<void> WebSocket::write_events() {
  const auto self = shared_from_this();
  while (!over_) {
    auto taken = queue_->take();
    if (auto* const event = std::get_if<wire::Event>(&taken)) {
      if (!co_await write_event(as_wanted(std::move(*event)))) break;
    } else if (const auto* const goodbye = std::get_if<Goodbye>(&taken)) {
      co_await say_goodbye(*goodbye);
      co_return;
    } else {
      error_code ignored;
      signal_.expires_at(Time::max());
      co_await signal_.async_wait(into(ignored));
    }
  }
  // A client that went in the middle of a slice may have said goodbye before: read_frames() looks,
  // and tick() ends its wait.
  if (over_)
    close_socket();
  else
    goodbye_at_ = Clock::now();
}

// False when the socket is gone.
net::awaitable<bool> WebSocket::write_event(wire::Event event) {
  const auto* const slice = std::get_if<wire::Slice>(&event);
  if (slice != nullptr && !may_send(*slice)) co_return true;
  const auto* const update = std::get_if<wire::ParamsUpdate>(&event);
  if (update != nullptr && is_too_soon(*update)) co_return true;
  if (const auto* const ready = std::get_if<wire::Ready>(&event))
    knobs_.set_depth(ready->pipeline_depth);
  if (const auto* const depth = std::get_if<wire::DepthApplied>(&event))
    knobs_.set_depth(depth->value);
  const auto frames = encoder_.encode(event);
  for (const auto& frame : frames) {
    if (!co_await write_frame(frame)) co_return false;
    around_.metrics.bytes_sent += wire::size_of(frame);
    if (slice != nullptr) {
      if (const auto taken = knobs_.sent(slice->generations, Clock::now()))
        around_.metrics.knob_audible_seconds.observe(*taken);
      sent_slice_bytes_ += static_cast<double>(wire::size_of(frame));
      ++around_.metrics.slices_sent;
    }
  }
  co_return true;
}

net::awaitable<bool> WebSocket::write_frame(const wire::Frame& frame) {
  if (const auto* const text = std::get_if<std::string>(&frame)) {
    error_code code;
    socket_.text(true);
    writing_ = true;
    writing_since_ = Clock::now();
    co_await socket_.async_write(net::buffer(*text), into(code));
    writing_ = false;
    co_return !code;
  }
  if (const auto* const bytes = std::get_if<wire::Bytes>(&frame))
    co_return co_await write_binary(bytes->data(), bytes->size());
  const auto& block = *std::get<wire::AudioBlock>(frame);
  co_return co_await write_binary(block.data(), block.size() * sizeof(std::uint16_t));
}

// In pieces, so that a slow client can be told from one that is gone.
net::awaitable<bool> WebSocket::write_binary(const void* data, std::size_t size) {
  socket_.binary(true);
  const auto* const bytes = static_cast<const char*>(data);
  std::size_t at = 0;
  bool good = true;
  do {
    const auto piece = std::min(size - at, around_.limits.write_piece);
    const bool last = at + piece == size;
    error_code code;
    writing_ = true;
    writing_since_ = Clock::now();
    co_await socket_.async_write_some(last, net::buffer(bytes + at, piece), into(code));
    writing_ = false;
    good = !code;
    at += piece;
  } while (good && at < size);
  co_return good;
}

net::awaitable<void> WebSocket::say_goodbye(const Goodbye& goodbye) {
  deaf_ = true;
  goodbye_at_ = Clock::now();
  auto reason = goodbye.reason.substr(0, kLongestReason);
  error_code ignored;
  co_await socket_.async_close({static_cast<websocket::close_code>(goodbye.code), reason.c_str()},
                               into(ignored));
}

void WebSocket::close_socket() {
  error_code ignored;
  beast::get_lowest_layer(socket_).socket().shutdown(tcp::socket::shutdown_both, ignored);
  beast::get_lowest_layer(socket_).close();
}

net::awaitable<void> WebSocket::tick() {
  const auto self = shared_from_this();
  for (unsigned count = 0; !over_; ++count) {
    ticker_.expires_after(kTick);
    error_code ignored;
    co_await ticker_.async_wait(into(ignored));
    if (over_) break;
    const auto now = Clock::now();
    if (writing_ && now - writing_since_ > around_.limits.stuck_write) {
      log::info("session {}: the client takes nothing any more", session_id_);
      close_socket();
      break;
    }
    if (goodbye_at_ != Time{} && now - goodbye_at_ > around_.limits.goodbye) {
      close_socket();
      break;
    }
    if (!deaf_) act(conversation_.on_tick(now));
    if (held_update_ && now - update_at_ >= kUpdateInterval)
      queue_->publish(*std::exchange(held_update_, std::nullopt));
    if (watch_memory_ && count % 4 == 0) queue_->publish(wire::Memory{around_.engine.memory()});
  }
}

}  // namespace headroom::server
