// The control bus against recorded requests. W5, W6, W27, W42.
#include <gtest/gtest.h>

#include "server/stand.h"

namespace headroom::server::test {
namespace {

std::string body_of(const std::string& json, const std::vector<std::uint8_t>& audio = {}) {
  std::string body(4, '\0');
  for (unsigned i = 0; i < 4; ++i) body[i] = static_cast<char>(json.size() >> (8 * i));
  return body + json + std::string(audio.begin(), audio.end());
}

std::string only_session(const Stand& stand) {
  return http(stand.control(), "GET", "/sessions").json().at(0)["id"].get<std::string>();
}

TEST(ControlBus, RecordedRequests) {
  Stand stand;
  auto client = stand.playing({{"fixture_name", "song.wav"}, {"prompt", "deep"}});
  client.send({{"type", "params"}, {"raw", {{"denoise", 0.7}, {"seed", 42}}}});
  client.send({{"type", "prompt"}, {"tags", "deeper"}});
  client.read_until("prompt_applied");
  const auto id = only_session(stand);
  const std::string path = "/sessions/" + id;
  for (const auto& one : wire::golden_json("control_bus.json")) {
    SCOPED_TRACE(one.dump().substr(0, 120));
    const auto request = one["request"].get<std::string>();
    const auto space = request.find(' ');
    auto target = request.substr(space + 1);
    if (const auto at = target.find("<id>"); at != std::string::npos) target.replace(at, 4, id);
    std::string body(one.value("body_bytes", std::size_t{0}), '\0');
    const auto what = one.value("body", "");
    if (what == "params") body = body_of(R"({"type":"params","raw":{}})");
    if (what == "set_prompt_blend") body = body_of(R"({"type":"set_prompt_blend","value":1})");
    if (what == "text/plain body accepted") body = body_of(R"({"type":"params","raw":{"seed":1}})");
    if (what == "len too large") body = std::string("\xff\xff\0\0{}", 6);
    if (what == "not json") body = body_of("{");
    const auto answer = http(stand.control(), request.substr(0, space), target, {}, body);
    EXPECT_EQ(answer.status, one["status"]);
    EXPECT_EQ(answer.headers.at("cache-control"), "no-store");
    if (answer.status == 200 && one.contains("response_item_0")) {
      auto found = answer.json().at(0);
      for (const auto& [name, value] : one["response_item_0"].items())
        EXPECT_TRUE(found.contains(name)) << name;
      EXPECT_EQ(found["prompt"], "deeper");
      EXPECT_EQ(found["knob_values"]["seed"], 42);
    } else if (answer.status == 400 && what == "not json") {
      EXPECT_EQ(answer.json()["error"].get<std::string>().find("json decode failed: "), 0U);
    } else if (answer.status != 200) {
      EXPECT_EQ(answer.json(), one["response"]);
    }
  }
}

TEST(ControlBus, CommandsGoIntoTheSameQueueAndAnswersToTheBrowser) {
  Stand stand;
  auto client = stand.playing();
  const auto id = only_session(stand);
  const auto command = "/sessions/" + id + "/cmd";
  const auto answer = http(stand.control(), "POST", command, {},
                           body_of(R"({"type":"prompt","tags":"from outside"})"));
  EXPECT_EQ(answer.json(),
            (nlohmann::json{{"sent", true}, {"session_id", id}, {"audio_bytes", 0}}));
  EXPECT_EQ(client.read_until("prompt_applied").json()["tags"], "from outside");
  const auto audio = wire::make_pcm(wire::golden_signal(1, 48000), 2);
  http(stand.control(), "POST", command, {},
       body_of(R"({"type":"set_timbre_source","name":"c"})", audio));
  EXPECT_EQ(client.read_until("timbre_set").json()["duration"], 1.0);
  EXPECT_EQ(
      http(stand.control(), "POST", command, {}, body_of(R"({"type":"set_timbre_source"})")).status,
      400)
      << "its audio is missing";
  http(stand.control(), "POST", command, {}, body_of(R"({"type":"params","raw":{"denoise":9}})"));
  EXPECT_EQ(client.read_until("params_echo").json()["raw"]["denoise"], 1.0);
}

TEST(ControlBus, AStreamOfParamsDoesNotDelayIt) {
  Stand stand;
  auto client = stand.playing();
  const auto id = only_session(stand);
  std::atomic<bool> over{false};
  std::thread flood([&] {
    while (!over) {
      client.send({{"type", "params"}, {"raw", {{"denoise", 0.5}}}, {"playback_pos", 0.1}});
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i)
    http(stand.control(), "POST", "/sessions/" + id + "/cmd", {},
         body_of(R"({"type":"prompt","tags":"x"})"));
  EXPECT_TRUE(eventually(
      [&] { return stand.server->lobby().sessions().at(0).port->snapshot().prompt == "x"; }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3))
      << "187 ms each in the original";
  over = true;
  flood.join();
}

TEST(ControlBus, PagesCannotReachIt) {
  Stand stand;
  auto client = stand.playing();
  const auto path = "/sessions/" + only_session(stand) + "/cmd";
  const auto body = body_of(R"({"type":"prompt","tags":"evil"})");
  EXPECT_EQ(http(stand.control(), "POST", path,
                 {{"Origin", "https://evil.example"}, {"Content-Type", "text/plain"}}, body)
                .status,
            403);
  EXPECT_EQ(http(stand.control(), "POST", path,
                 {{"Origin", "http://localhost:6660"}, {"Content-Type", "text/plain"}}, body)
                .status,
            403)
      << "a page needs the header, which asks for permission first";
  EXPECT_EQ(http(stand.control(), "POST", path,
                 {{"Origin", "http://localhost:6660"}, {"X-Headroom-Control", "1"}}, body)
                .status,
            200);
  EXPECT_EQ(http(stand.control(), "GET", "/sessions", {{"Host", "rebound.example"}}).status, 403);
}

TEST(ControlBus, BodiesHaveALimit) {
  ServerSettings settings;
  settings.limits.message = 1000;
  Stand stand(settings);
  EXPECT_EQ(http(stand.control(), "POST", "/sessions/abc/cmd", {}, std::string(2000, 'x')).status,
            413);
}

}  // namespace
}  // namespace headroom::server::test
