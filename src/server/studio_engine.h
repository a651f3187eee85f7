// The session floor behind the server: sessions and uploads that play on one studio.
#pragma once

#include "server/engine.h"
#include "session/session.h"
#include "session/uploads.h"

namespace headroom::server {

/// Everything that it is made of outlives it. Thread-safe.
class StudioEngine final : public Engine {
 public:
  explicit StudioEngine(session::Stage& stage) : stage_(stage), uploads_(stage) {}

  std::unique_ptr<SessionPort> open(SessionRequest request, Publish publish) override;
  void begin_upload(wire::UploadTrack track, wire::Pcm source, Owner owner, Publish answer,
                    Publish push) override;
  bool ready(std::string& why) const override;
  nlohmann::json loras() const override;
  nlohmann::json memory() const override;
  nlohmann::json info() const override;

 private:
  session::Stage& stage_;
  session::Uploads uploads_;
};

}  // namespace headroom::server
