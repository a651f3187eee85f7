// Who plays: sessions that live, newcomers that wait, and the order in which one gives way to the
// other. Source: specification of the protocol, sections 1.6, 3.2, 4.7; S60 to S68.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/engine.h"
#include "server/event_queue.h"
#include "server/limits.h"

namespace headroom::server {

/// What a newcomer does to whoever plays (W12).
enum class Takeover { allow, deny };

/// One listener of a session: the socket's side. Shared with the lobby.
struct Listener {
  Owner owner;
  std::shared_ptr<EventQueue> queue;
};

/// A session as the registry shows it.
struct LiveSession {
  std::string id;
  double started_at;  // unix time, s
  std::shared_ptr<SessionPort> port;
  std::shared_ptr<EventQueue> queue;
  Owner owner;
};

/// Sessions are created and ended on one thread of its own, so creation is serialized and never
/// overlaps a teardown; sockets are never blocked by it. Thread-safe.
class Lobby {
 public:
  Lobby(Engine& engine, const Limits& limits, Takeover takeover = Takeover::allow);
  /// Ends all sessions, waits for their memory.
  ~Lobby();

  /// Who wants to play, with everything that is needed for it. The outcome comes through the
  /// listener's queue: the session's events, or an error and a goodbye. `opened` is called on the
  /// lobby's thread with the port, before any event; commands may be posted from then on.
  using Opened = std::function<void(std::shared_ptr<SessionPort>)>;
  std::string enter(SessionRequest request, Listener listener, Opened opened);
  /// The listener's socket is gone; the session ends.
  void leave(const std::string& session_id);

  std::vector<LiveSession> sessions() const;  // newest first
  std::optional<LiveSession> find(const std::string& session_id) const;
  /// Hands an event to the sessions of that owner.
  void push(const Owner& owner, const wire::Event& event);

  /// No one new; those who play get 1001. Returns at once.
  void close();
  /// After close(): returns when the memory of all of them is back.
  void wait();

  struct Counts {
    std::uint64_t entered = 0;
    std::uint64_t preempted = 0;
    std::uint64_t refused = 0;
  };
  Counts counts() const;

 private:
  struct Waiting {
    SessionRequest request;
    Listener listener;
    Opened opened;
  };
  struct Ending {
    std::shared_ptr<SessionPort> port;
    bool done = false;
    std::thread thread{};
  };

  void run();
  void admit(Waiting newcomer);
  bool make_place(const Waiting& newcomer);
  void preempt_oldest(std::unique_lock<std::mutex>& lock);
  void end(std::shared_ptr<SessionPort> port);
  void join_ended();
  bool endings_done(std::unique_lock<std::mutex>& lock);
  bool is_stale(const Owner& owner);
  static void refuse(const Listener& listener, std::string code, std::string message, int close);

  Engine& engine_;
  const Limits& limits_;
  const Takeover takeover_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::vector<std::string> left_;  // sessions whose listeners are gone, to be ended
  std::vector<LiveSession> live_;  // oldest first
  std::list<Ending> ending_;
  std::map<std::string, std::chrono::steady_clock::time_point> preempted_;  // client ids
  Counts counts_;
  bool closing_ = false;
  std::thread thread_;
};

/// 8 characters that nobody can guess: URL-safe base64 of 6 random bytes.
std::string new_session_id();

}  // namespace headroom::server
