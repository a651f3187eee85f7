// A server with its real engine and the smallest model, on free ports.
#pragma once

#include "server/client.h"
#include "server/server.h"
#include "server/stand.h"
#include "server/studio_engine.h"
#include "studio/small_session.h"

namespace headroom::server::test {

class Concert {
 public:
  Concert()
      : studio_(studio::SmallModel::shared().open(),
                studio::small_settings(512 * studio::kMiB, true)),
        library_(folder_.path(), {.free_floor = 0}),
        loras_(studio_, {folder_.path() / "loras"}),
        stage_{studio_, library_, loras_, {.idle_pause = 0.0}},
        engine(stage_) {
    server_ =
        std::make_unique<Server>(ServerSettings{.port = 0, .control_port = 0}, library_, engine);
    server_->start();
  }
  ~Concert() { server_.reset(); }

  std::uint16_t port() const { return server_->port(); }
  studio::Studio& studio() { return studio_; }
  library::Library& library() { return library_; }
  session::Stage& stage() { return stage_; }
  Answer get(const std::string& target) const { return http(port(), "GET", target); }

 private:
  TempFolder folder_;
  studio::Studio studio_;
  library::Library library_;
  session::LoraShelf loras_;
  session::Stage stage_;

 public:
  StudioEngine engine;

 private:
  std::unique_ptr<Server> server_;
};

}  // namespace headroom::server::test
