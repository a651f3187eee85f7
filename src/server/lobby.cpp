#include "server/lobby.h"

#include <algorithm>
#include <array>
#include <sys/random.h>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "wire/constants.gen.h"

namespace headroom::server {
namespace {

double unix_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

Goodbye preempted() {
  return {static_cast<int>(wire::kClosePreempted), std::string(wire::kPreemptedReason)};
}

// Who shows one of these would take his session back from whoever took it over.
constexpr std::size_t kLostTokens = 64;

// The way from a session to its listener's socket.
Publish publisher(std::shared_ptr<EventQueue> queue, std::string token) {
  return [queue = std::move(queue), token = std::move(token)](wire::Event event) {
    const auto* const failure = std::get_if<wire::InitError>(&event);
    const auto* const crash = std::get_if<wire::RuntimeError>(&event);
    Goodbye goodbye{static_cast<int>(wire::kCloseFailed), {}};
    if (failure != nullptr) goodbye.reason = failure->close_reason.substr(0, 120);
    if (crash != nullptr) goodbye.reason = crash->message.substr(0, 120);
    const bool over = failure != nullptr || crash != nullptr;
    if (auto* const ready = std::get_if<wire::Ready>(&event)) ready->resume_token = token;
    queue->publish(std::move(event));
    if (over) queue->finish(std::move(goodbye));
  };
}

}  // namespace

std::string new_session_id() {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<unsigned char, 6> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error(ErrorKind::internal, "the system gives no random numbers");
  std::uint64_t value = 0;
  for (const auto byte : bytes) value = value << 8U | byte;
  std::string id;
  for (int shift = 42; shift >= 0; shift -= 6) id += digits[value >> shift & 63U];
  return id;
}

Lobby::Lobby(Engine& engine, const Limits& limits, Takeover takeover)
    : engine_(engine), limits_(limits), takeover_(takeover), thread_([this] { run(); }) {}

Lobby::~Lobby() {
  close();
  wait();
}

void Lobby::wait() {
  if (thread_.joinable()) thread_.join();
  for (auto& ending : ending_) {
    if (ending.thread.joinable()) ending.thread.join();
  }
}

std::string Lobby::enter(SessionRequest request, Listener listener, Opened opened) {
  if (request.id.empty()) request.id = new_session_id();
  auto id = request.id;
  {
    const std::lock_guard lock(mutex_);
    if (closing_) {
      listener.queue->finish({static_cast<int>(wire::kCloseGoingAway), "the server shuts down"});
      return id;
    }
    waiting_.push_back({std::move(request), std::move(listener), std::move(opened)});
  }
  changed_.notify_all();
  return id;
}

void Lobby::leave(const std::string& listener, Leaving how) {
  {
    const std::lock_guard lock(mutex_);
    const auto waits = std::find_if(waiting_.begin(), waiting_.end(),
                                    [&](const Waiting& one) { return one.request.id == listener; });
    if (waits != waiting_.end()) {
      waiting_.erase(waits);
      return;
    }
    left_.push_back({listener, how});
  }
  changed_.notify_all();
}

void Lobby::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto something = [this] { return closing_ || !waiting_.empty() || !left_.empty(); };
    if (const auto until = next_forgotten()) {
      changed_.wait_until(lock, *until, something);
    } else {
      changed_.wait(lock, something);
    }
    for (const auto& left : std::exchange(left_, {})) let_go(left);
    if (closing_) break;
    end_forgotten();
    if (waiting_.empty()) continue;
    auto newcomer = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    admit(std::move(newcomer));
    join_ended();
    lock.lock();
  }
  const Goodbye goodbye{static_cast<int>(wire::kCloseGoingAway), "the server shuts down"};
  for (auto& newcomer : std::exchange(waiting_, {})) newcomer.listener.queue->finish(goodbye);
  for (auto& session : std::exchange(live_, {})) {
    session.queue->finish(goodbye);
    end(std::move(session.port));
  }
}

// Under the lock, as all of these.
void Lobby::let_go(const Left& left) {
  const auto found = std::find_if(live_.begin(), live_.end(), [&](const LiveSession& one) {
    return one.listener == left.listener && !one.away_since;
  });
  if (found == live_.end()) return;  // it was preempted, or goes on with another listener
  if (left.how == Leaving::broken_link && limits_.resume_grace.count() > 0 &&
      found->port->detach()) {
    found->away_since = std::chrono::steady_clock::now();
    log::info("session {}: its client is away", found->id);
    return;
  }
  auto port = std::move(found->port);
  live_.erase(found);
  end(std::move(port));
}

void Lobby::end_forgotten() {
  const auto now = std::chrono::steady_clock::now();
  for (auto it = live_.begin(); it != live_.end();) {
    if (it->away_since && now - *it->away_since >= limits_.resume_grace) {
      log::info("session {}: its client did not come back", it->id);
      end(std::move(it->port));
      it = live_.erase(it);
    } else {
      ++it;
    }
  }
}

std::optional<std::chrono::steady_clock::time_point> Lobby::next_forgotten() const {
  std::optional<std::chrono::steady_clock::time_point> next;
  for (const auto& session : live_) {
    if (!session.away_since) continue;
    const auto when = *session.away_since + limits_.resume_grace;
    if (!next || when < *next) next = when;
  }
  return next;
}

// Its destructor may take long, so it runs on a thread that is joined later. Under the lock.
void Lobby::end(std::shared_ptr<SessionPort> port) {
  port->stop();
  auto& ending = ending_.emplace_back(Ending{std::move(port)});
  ending.thread = std::thread([this, &ending] {
    // Others hold the port only for the length of one call.
    while (ending.port.use_count() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ending.port.reset();
    {
      const std::lock_guard lock(mutex_);
      ending.done = true;
    }
    changed_.notify_all();
  });
}

void Lobby::join_ended() {
  std::list<Ending> done;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = ending_.begin(); it != ending_.end();) {
      const auto next = std::next(it);
      if (it->done) done.splice(done.end(), ending_, it);
      it = next;
    }
  }
  for (auto& ending : done) ending.thread.join();
}

bool Lobby::endings_done(std::unique_lock<std::mutex>& lock) {
  return changed_.wait_for(lock, limits_.teardown, [this] {
    return std::all_of(ending_.begin(), ending_.end(), [](const Ending& one) { return one.done; });
  });
}

// A client that was preempted a moment ago and knocks again by itself would preempt its successor.
bool Lobby::is_stale(const Waiting& newcomer) {
  if (newcomer.request.config.take_over) return false;
  const auto& owner = newcomer.listener.owner;
  const auto& token = newcomer.request.config.resume;
  if (token && std::find(lost_tokens_.begin(), lost_tokens_.end(), *token) != lost_tokens_.end())
    return true;
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(preempted_,
                [&](const auto& one) { return now - one.second > limits_.preempted_memory; });
  return !owner.client_id.empty() && preempted_.contains(owner.client_id);
}

void Lobby::refuse(const Listener& listener, std::string code, std::string message, int close) {
  auto reason = message.substr(0, 120);
  wire::InitError error;
  error.code = std::move(code);
  error.message = std::move(message);
  listener.queue->publish(std::move(error));
  listener.queue->finish({close, std::move(reason)});
}

void Lobby::preempt_oldest(std::unique_lock<std::mutex>& /*lock*/) {
  // Whoever nobody hears goes first.
  const auto away = std::find_if(live_.begin(), live_.end(),
                                 [](const LiveSession& one) { return one.away_since.has_value(); });
  const auto chosen = away == live_.end() ? live_.begin() : away;
  auto oldest = std::move(*chosen);
  live_.erase(chosen);
  ++counts_.preempted;
  lost_tokens_.push_back(oldest.resume_token);
  if (lost_tokens_.size() > kLostTokens) lost_tokens_.pop_front();
  if (!oldest.away_since && !oldest.owner.client_id.empty())
    preempted_[oldest.owner.client_id] = std::chrono::steady_clock::now();
  oldest.queue->cut(preempted());
  log::info("session {} is preempted by a newer one", oldest.id);
  end(std::move(oldest.port));
}

// True when the newcomer may be built: everybody who gave way has given back.
bool Lobby::make_place(const Waiting& newcomer) {
  std::unique_lock lock(mutex_);
  if (is_stale(newcomer)) {
    ++counts_.refused;
    lock.unlock();
    refuse(newcomer.listener, "preempted", "another connection took over this session",
           static_cast<int>(wire::kClosePreempted));
    return false;
  }
  const auto heard = std::count_if(live_.begin(), live_.end(), [](const LiveSession& one) {
    return !one.away_since.has_value();
  });
  if (static_cast<std::size_t>(heard) >= limits_.most_sessions && takeover_ == Takeover::deny) {
    ++counts_.refused;
    lock.unlock();
    refuse(newcomer.listener, "busy", "somebody plays already, and takeovers are not allowed here",
           static_cast<int>(wire::kCloseFailed));
    return false;
  }
  while (live_.size() >= limits_.most_sessions) preempt_oldest(lock);
  if (endings_done(lock)) return true;
  ++counts_.refused;
  lock.unlock();
  refuse(newcomer.listener, "busy",
         fmt::format("the session before has not given its memory back after {} s; try again",
                     limits_.teardown.count()),
         static_cast<int>(wire::kCloseFailed));
  return false;
}

// True when the newcomer is the client of a session that is still there, and has it again. Its old
// socket may not know yet that the link is broken.
bool Lobby::resume(const Waiting& newcomer) {
  const auto& token = newcomer.request.config.resume;
  if (!token || token->empty()) return false;
  std::shared_ptr<SessionPort> port;
  std::string id;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(live_.begin(), live_.end(), [&](const LiveSession& one) {
      return one.resume_token == *token;
    });
    if (found == live_.end()) return false;
    if (!found->away_since) found->queue->cut(preempted());
    found->port->detach();
    found->away_since.reset();
    found->queue = newcomer.listener.queue;
    found->owner = newcomer.listener.owner;
    found->listener = newcomer.request.id;
    port = found->port;
    id = found->id;
  }
  if (!port->attach(publisher(newcomer.listener.queue, *token))) {
    const std::lock_guard lock(mutex_);
    std::erase_if(live_, [&](const LiveSession& one) { return one.id == id; });
    end(std::move(port));
    return false;
  }
  {
    const std::lock_guard lock(mutex_);
    ++counts_.resumed;
  }
  log::info("session {}: its client is back", id);
  newcomer.opened(port);
  return true;
}

void Lobby::admit(Waiting newcomer) {
  if (resume(newcomer) || !make_place(newcomer)) return;
  const auto queue = newcomer.listener.queue;
  LiveSession live{.id = newcomer.request.id,
                   .started_at = unix_time(),
                   .port = nullptr,
                   .queue = queue,
                   .owner = newcomer.listener.owner,
                   .listener = newcomer.request.id,
                   .resume_token = new_session_id() + new_session_id() + new_session_id()};
  try {
    // What the session publishes before `opened` is done waits in the queue.
    live.port = engine_.open(std::move(newcomer.request), publisher(queue, live.resume_token));
  } catch (const std::exception& error) {
    log::error("a session could not be opened: {}", printable(error.what(), 300));
    refuse(newcomer.listener, "internal", printable(error.what(), 300),
           static_cast<int>(wire::kCloseFailed));
    return;
  }
  const auto port = live.port;
  {
    const std::lock_guard lock(mutex_);
    ++counts_.entered;
    live_.push_back(std::move(live));
  }
  newcomer.opened(port);
}

std::vector<LiveSession> Lobby::sessions() const {
  const std::lock_guard lock(mutex_);
  std::vector<LiveSession> heard;
  std::copy_if(live_.rbegin(), live_.rend(), std::back_inserter(heard),
               [](const LiveSession& one) { return !one.away_since.has_value(); });
  return heard;
}

std::optional<LiveSession> Lobby::find(const std::string& session_id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& session : live_) {
    if (session.id == session_id) return session;
  }
  return std::nullopt;
}

void Lobby::push(const Owner& owner, const wire::Event& event) {
  for (const auto& session : sessions()) {
    if (session.owner.is(owner)) session.queue->publish(event);
  }
}

void Lobby::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
}

Lobby::Counts Lobby::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace headroom::server
