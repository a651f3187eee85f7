// The session floor behind the server: sessions and uploads that play on one studio.
#pragma once

#include <optional>

#include "server/engine.h"
#include "session/session.h"
#include "session/uploads.h"
#include "session/warm_up.h"

namespace headroom::server {

/// Everything that it is made of outlives it. Thread-safe.
class StudioEngine final : public Engine {
 public:
  explicit StudioEngine(session::Stage& stage) : stage_(stage), uploads_(stage) {}

  /// Begins the warm-up; until it has ended well, ready() says no. Once, before the server starts.
  void warm_up() { warm_up_.emplace(stage_.studio); }

  std::unique_ptr<SessionPort> open(SessionRequest request, Publish publish) override;
  void begin_upload(UploadRequest upload, Publish answer, Publish push) override;
  std::unique_ptr<UploadAhead> begin_ahead() override;
  void end_uploads() override { uploads_.end(); }
  bool ready(std::string& why) const override;
  nlohmann::json loras() const override;
  nlohmann::json memory() const override;
  nlohmann::json info() const override;

 private:
  session::Stage& stage_;
  session::Uploads uploads_;
  std::optional<session::WarmUp> warm_up_;
};

}  // namespace headroom::server
