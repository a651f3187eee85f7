// Who plays: sessions that live, newcomers that wait, and the order in which one gives way to the
// other. A session whose link broke waits for its client for a while: who shows its resume token
// takes it up where it was. Source: specification of the protocol, sections 1.6, 1.10, 3.2, 4.7;
// S60 to S68.
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
  std::string listener{};      // what enter() answered to whoever listens now
  std::string resume_token{};  // known to the client alone
  std::optional<std::chrono::steady_clock::time_point> away_since{};  // nobody listens since
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
  /// lobby's thread with the port, before any event; commands may be posted from then on. The
  /// answer names this listener; it is the session's id too, unless a session is resumed.
  using Opened = std::function<void(std::shared_ptr<SessionPort>)>;
  std::string enter(SessionRequest request, Listener listener, Opened opened);
  /// The listener's socket is gone. A goodbye ends the session; after a broken link it waits for
  /// its client.
  enum class Leaving { goodbye, broken_link };
  void leave(const std::string& listener, Leaving how);

  std::vector<LiveSession> sessions() const;  // those that somebody hears; newest first
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
    std::uint64_t resumed = 0;
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
  struct Left {
    std::string listener;
    Leaving how;
  };
  void let_go(const Left& left);
  void end_forgotten();
  std::optional<std::chrono::steady_clock::time_point> next_forgotten() const;
  void admit(Waiting newcomer);
  bool resume(const Waiting& newcomer);
  bool make_place(const Waiting& newcomer);
  void preempt_oldest(std::unique_lock<std::mutex>& lock);
  void end(std::shared_ptr<SessionPort> port);
  void join_ended();
  bool endings_done(std::unique_lock<std::mutex>& lock);
  bool is_stale(const Waiting& newcomer);
  static void refuse(const Listener& listener, std::string code, std::string message, int close);

  Engine& engine_;
  const Limits& limits_;
  const Takeover takeover_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::vector<Left> left_;
  std::vector<LiveSession> live_;  // oldest first
  std::list<Ending> ending_;
  std::map<std::string, std::chrono::steady_clock::time_point> preempted_;  // client ids
  std::deque<std::string> lost_tokens_;  // of preempted sessions, newest last
  Counts counts_;
  bool closing_ = false;
  std::thread thread_;
};

/// 8 characters that nobody can guess: URL-safe base64 of 6 random bytes.
std::string new_session_id();

}  // namespace headroom::server
