// What the server needs of the house below it: sessions, uploads, and facts. The session floor is
// behind it; tests put a small one of their own there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "base/json.h"
#include "wire/commands.gen.h"
#include "wire/events.gen.h"
#include "wire/types.h"

namespace headroom::server {

/// Who speaks: the client's own id where it gives one, and where it connects from.
struct Owner {
  std::string client_id{};
  std::string address{};

  /// Key for what belongs to somebody.
  std::string key() const { return client_id.empty() ? "address:" + address : client_id; }
  /// The same somebody: by id where both have one, else by address (W18).
  bool is(const Owner& other) const {
    if (!client_id.empty() && !other.client_id.empty()) return client_id == other.client_id;
    return address == other.address;
  }
};

using Publish = std::function<void(wire::Event)>;

/// One realtime session. Thread-safe. The destructor returns when its device memory is back.
class SessionPort {
 public:
  virtual ~SessionPort() = default;
  /// Never blocks; in order.
  virtual void post(wire::Command command, std::optional<wire::Pcm> audio) = 0;
  virtual wire::Snapshot snapshot() const = 0;
  /// Its listener is gone: it goes quiet, keeps its state, and waits for attach(). False when there
  /// is nothing worth keeping: it never played, or has ended. Never blocks.
  virtual bool detach() = 0;
  /// A listener is back: he gets Ready with the buffer and the state as they are. False when the
  /// session has ended meanwhile.
  virtual bool attach(Publish publish) = 0;
  /// Asks it to end; it publishes no more soon after. Never blocks.
  virtual void stop() = 0;
};

struct SessionRequest {
  std::string id;  // of the session
  wire::SessionConfig config;
  std::optional<wire::Pcm> source;  // none: config.fixture_name from the library
  Owner owner;
};

/// What an engine makes of an upload that is still arriving. One thread at a time.
class UploadAhead {
 public:
  /// Lets go of everything; may wait for one step of the device.
  virtual ~UploadAhead() = default;
  /// The next samples, interleaved, of the protocol's channels and rate. Waits for the work that
  /// they allow, which a stop ends soon. Never throws: trouble is told by the upload itself.
  virtual void add(std::span<const float> samples, const std::stop_token& stop) = 0;
};

struct UploadRequest {
  wire::UploadTrack track;
  wire::Pcm source;
  Owner owner;
  std::unique_ptr<UploadAhead> ahead{};  // of this engine's; none: nothing was made ahead
};

/// Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Begins to build a session; Ready or InitError come through `publish`, later, on threads of the
  /// session, in order; `publish` never blocks.
  virtual std::unique_ptr<SessionPort> open(SessionRequest request, Publish publish) = 0;

  /// Phase 1 of an upload: exactly one UploadOk or UploadFailed goes to `answer`, on any thread.
  /// What belongs to live sessions later (stems) goes to `push`. Returns at once.
  virtual void begin_upload(UploadRequest upload, Publish answer, Publish push) = 0;
  /// For an upload whose samples arrive slowly; null when this engine begins with whole tracks.
  virtual std::unique_ptr<UploadAhead> begin_ahead() { return nullptr; }

  /// The server ends: calls no `answer` and no `push` any more once this has returned.
  virtual void end_uploads() {}

  /// False in a server of files alone: WebSockets are then turned away.
  virtual bool has_backend() const { return true; }
  /// Whether a session could start now, and if not, why.
  virtual bool ready(std::string& why) const = 0;
  /// GET /api/loras, /v1/memory.
  virtual nlohmann::json loras() const = 0;
  virtual nlohmann::json memory() const = 0;
  /// Members of /api/server-info that only the engine knows: warmup, no_backend, checkpoint.
  virtual nlohmann::json info() const = 0;
};

/// No sessions and no uploads: `headroom serve --no-backend`, for work on the web client.
class UiOnlyEngine : public Engine {
 public:
  std::unique_ptr<SessionPort> open(SessionRequest request, Publish publish) override;
  void begin_upload(UploadRequest upload, Publish answer, Publish push) override;
  bool has_backend() const override { return false; }
  bool ready(std::string& why) const override;
  nlohmann::json loras() const override;
  nlohmann::json memory() const override;
  nlohmann::json info() const override;
};

}  // namespace headroom::server
