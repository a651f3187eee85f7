// The tools for assistants against a real server. Section 3.3 of the protocol.
#include <gtest/gtest.h>

#include "server/http_client.h"
#include "server/mcp.h"
#include "server/stand.h"

namespace headroom::server::test {
namespace {

using namespace std::chrono_literals;

class Mcp : public ::testing::Test {
 protected:
  nlohmann::json ask(const nlohmann::json& request) {
    const auto answer = server.answer(request.dump());
    EXPECT_TRUE(answer) << request;
    return answer ? nlohmann::json::parse(*answer) : nlohmann::json();
  }
  nlohmann::json call(const std::string& tool,
                      const nlohmann::json& arguments = nlohmann::json::object()) {
    const auto answer = ask({{"jsonrpc", "2.0"},
                             {"id", 1},
                             {"method", "tools/call"},
                             {"params", {{"name", tool}, {"arguments", arguments}}}});
    failed = answer["result"]["isError"];
    const auto text = answer["result"]["content"][0]["text"].get<std::string>();
    return failed ? nlohmann::json(text) : nlohmann::json::parse(text);
  }

  Stand stand;
  bool failed = false;
  McpServer server{
      {.get =
           [this](const std::string& target) {
             const auto answer = fetch({"127.0.0.1", stand.port()}, "GET", target, "");
             return McpWorld::Answer{answer.status, answer.body};
           },
       .control =
           [this](const std::string& target, const std::optional<std::string>& body) {
             const auto answer = fetch({"127.0.0.1", stand.control()}, body ? "POST" : "GET",
                                       target, body.value_or(""));
             return McpWorld::Answer{answer.status, answer.body};
           },
       .load =
           [](const std::string&) {
             return wire::Pcm{.frames = 48000, .samples = wire::golden_signal(2, 48000)};
           }}};
};

TEST_F(Mcp, Handshake) {
  EXPECT_EQ(ask({{"id", 1}, {"method", "initialize"}})["result"]["serverInfo"]["name"], "headroom");
  EXPECT_FALSE(server.answer(R"({"method":"notifications/initialized"})"));
  EXPECT_EQ(ask({{"id", 2}, {"method", "tools/list"}})["result"]["tools"].size(), 23U);
  EXPECT_EQ(ask({{"id", 3}, {"method", "fly"}})["error"]["code"], -32601);
  EXPECT_EQ(nlohmann::json::parse(*server.answer("nonsense"))["error"]["code"], -32700);
  EXPECT_EQ(nlohmann::json::parse(*server.answer("[1]"))["error"]["code"], -32600);
}

TEST_F(Mcp, ToolsSteerASession) {
  EXPECT_EQ(call("set_prompt", {{"prompt", "x"}}), "no session plays; start one in the browser");
  auto client = stand.playing({{"prompt", "start"}});
  EXPECT_EQ(call("session_state")["prompt"], "start");
  EXPECT_EQ(call("list_sessions").size(), 1U);
  call("set_prompt", {{"prompt", "deep"}});
  EXPECT_EQ(client.read_until("prompt_applied").json()["tags"], "deep");
  call("set_knob", {{"name", "denoise"}, {"value", 0.5}});
  EXPECT_EQ(client.read_until("params_echo").json()["raw"]["denoise"], 0.5);
  call("set_rcfg_mode", {{"mode", "self"}});
  EXPECT_EQ(client.read_until("params_echo").json()["raw"]["rcfg_mode"], "self");
  call("swap_to_audio", {{"audio_file", "/music/tune.wav"}});
  EXPECT_EQ(client.read_until("swap_ready").json()["fixture_name"], "tune.wav");
  call("enable_lora", {{"lora_id", "alpha"}, {"strength", 0.5}});
  EXPECT_EQ(client.read_until("lora_catalog").json()["catalog"][0]["id"], "alpha");
  EXPECT_GT(call("list_knobs")["knobs"].size(), 30U);
}

TEST_F(Mcp, MistakesAreSaid) {
  auto client = stand.playing();
  EXPECT_EQ(call("set_prompt"), "prompt is missing");
  EXPECT_TRUE(failed);
  EXPECT_EQ(call("fly"), "there is no tool fly");
  EXPECT_EQ(
      call("set_rcfg_mode", {{"mode", "loud"}}).get<std::string>().find("values.rcfg_mode is"), 0U);
  EXPECT_EQ(call("session_state", {{"session_id", "gone"}}), "there is no such session");
  EXPECT_EQ(call("get_lora_metadata", {{"lora_id", "x"}}), "there is no LoRA of that id");
}

}  // namespace
}  // namespace headroom::server::test
