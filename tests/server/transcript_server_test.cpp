// The recorded session, in frame order, over a real socket: what the client sent, and every frame
// of the server but slices, whose number depends on time.
#include <gtest/gtest.h>

#include "server/stand.h"

namespace headroom::server::test {
namespace {

std::vector<float> noise_of(std::size_t frame_bytes) {
  return wire::golden_signal(1, (frame_bytes - 8) / 8);
}

// What the recorded library did not have, ours must not have either.
void send(Client& client, const nlohmann::json& step) {
  if (step["frame"] == "binary") {
    client.send_audio(noise_of(step.value("bytes", 768008)));
  } else if (step["type"] == "(config)") {
    auto config = wire::golden_json("config.json");
    config["enabled_loras"] = {"alpha"};
    client.send(config);
  } else {
    client.send(step["message"]);
  }
}

std::string what(const nlohmann::json& step) {
  return step["frame"] == "text" ? step["type"].get<std::string>()
                                 : "binary " + std::to_string(step["bytes"].get<int>());
}

// A bare buffer is told from a slice by the text before it, as clients do.
TEST(Transcript, EveryFrameComesInTheRecordedOrder) {
  Stand stand;
  Client client(stand.port());
  std::size_t compared = 0;
  const auto transcript = wire::golden_json("transcript.json");
  for (std::size_t i = 0; i < transcript.size(); ++i) {
    const auto& step = transcript[i];
    SCOPED_TRACE(i);
    if (step["dir"] == "c>s") {
      if (step["frame"] == "close")
        client.close();
      else
        send(client, step);
      continue;
    }
    if (step["dir"] == "control bus") {
      const auto session =
          http(stand.control(), "GET", "/sessions").json().at(0)["id"].get<std::string>();
      for (const std::string command : {R"({"type":"params","raw":{"denoise":0.25}})",
                                        R"({"type":"set_prompt_blend","value":0.75})",
                                        R"({"type":"set_prompt_blend","value":0.1})"}) {
        std::string body(4, '\0');
        body[0] = static_cast<char>(command.size());
        EXPECT_EQ(http(stand.control(), "POST", "/sessions/" + session + "/cmd", {}, body + command)
                      .status,
                  200);
      }
      continue;
    }
    if (step["frame"] == "slice+params_update") continue;
    if (step["frame"] == "binary") {
      const auto frame = client.read();
      EXPECT_FALSE(frame.text) << frame.type();
      EXPECT_EQ(frame.bytes.size(), step["bytes"].get<std::size_t>());
    } else {
      EXPECT_EQ(client.read_control().type(), what(step));
    }
    ++compared;
    if (HasFailure()) return;
  }
  EXPECT_EQ(compared, 29U) << "all of them";
}

TEST(Transcript, WithoutABackendEveryUpgradeIsClosed) {
  const TempFolder folder;
  library::Library library(folder.path(), {.free_floor = 0});
  UiOnlyEngine engine;
  ServerSettings settings;
  settings.port = settings.control_port = 0;
  Server server(settings, library, engine);
  server.start();
  Client client(server.port());
  const auto close = client.read();
  for (const auto& one : wire::golden_json("init_errors.json")) {
    if (one["case"] != "server started without a backend") continue;
    EXPECT_EQ(close.code, one["close_code"]);
    EXPECT_EQ(close.reason, one["close_reason"]);
  }
  EXPECT_EQ(http(server.port(), "GET", "/api/server-info").json()["no_backend"], true);
  EXPECT_EQ(http(server.port(), "GET", "/readyz").status, 503);
}

}  // namespace
}  // namespace headroom::server::test
