// A server with everything real but the engine, on free ports.
#pragma once

#include <gtest/gtest.h>

#include "base/log.h"
#include "server/client.h"
#include "server/server.h"
#include "server/small_engine.h"
#include "temp_folder.h"
#include "wire/frames.h"
#include "wire/protocol_golden.h"

namespace headroom::server::test {

class Stand {
 public:
  Stand();
  explicit Stand(ServerSettings settings);
  ~Stand();

  std::uint16_t port() const { return server->port(); }
  std::uint16_t control() const { return server->control_port(); }

  /// A client whose session has begun: ready, buffer and stems were read.
  Client playing(nlohmann::json config = nlohmann::json::object(), double seconds = 1.0) {
    Client client(port());
    client.send(config);
    client.send_audio(wire::golden_signal(1, static_cast<std::size_t>(seconds * 48000)));
    EXPECT_EQ(client.read().type(), "ready");
    EXPECT_EQ(client.read().type(), "binary");
    EXPECT_EQ(client.read().type(), "stem_assets");
    client.read();
    client.read();
    return client;
  }

  /// Puts a track into the library.
  library::Track track(const std::string& name, std::uint32_t seed = 3,
                       std::size_t frames = 48000) {
    wire::Pcm pcm{.frames = static_cast<std::uint32_t>(frames),
                  .samples = wire::golden_signal(seed, frames)};
    auto made = library.publish(library.reserve(name).value(),
                                {.source = pcm,
                                 .content_hash = library::content_hash(pcm.samples, 2),
                                 .checkpoint = "small"});
    EXPECT_TRUE(made);
    return made.value();
  }

  TempFolder folder;
  library::Library library;
  SmallEngine engine;
  std::unique_ptr<Server> server;
};

/// Waits until `what()` is true; false after a minute, which is for machines that do other things.
template <class What>
bool eventually(What&& what) {
  for (int i = 0; i < 6000; ++i) {
    if (what()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace headroom::server::test
