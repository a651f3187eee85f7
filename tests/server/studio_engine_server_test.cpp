// The server with its real engine and the smallest model: what it says of itself over HTTP.
#include <cstdlib>
#include <memory>
#include <regex>
#include <vector>

#include <gtest/gtest.h>

#include "server/concert.h"

namespace headroom::server::test {
namespace {

using studio::kMiB;

// The value of a sample without labels, or of the first with them; −1 when there is none.
double metric(const std::string& page, const std::string& name) {
  std::smatch found;
  const std::regex line("\n" + name + "(\\{[^}]*\\})? ([-+.e0-9]+)");
  return std::regex_search(page, found, line) ? std::stod(found[2]) : -1.0;
}

// What is leased and does not stay whoever plays.
double leased_but_weights(const std::string& page) {
  double bytes = 0.0;
  const std::regex line(R"(\nheadroom_memory_reserved_bytes\{([^}]*)\} ([-+.e0-9]+))");
  for (std::sregex_iterator it(page.begin(), page.end(), line), end; it != end; ++it) {
    if ((*it)[1].str().find("kind=\"weights\"") == std::string::npos) bytes += std::stod((*it)[2]);
  }
  return bytes;
}

TEST(Readiness, W46_FollowsTheWarmUp) {
  Concert concert;
  EXPECT_EQ(concert.get("/readyz").status, 200) << "nobody asked for a warm-up";
  EXPECT_TRUE(concert.get("/api/server-info").json()["warmup"].is_null());
  concert.engine.warm_up();
  const auto early = concert.get("/readyz");
  EXPECT_TRUE(early.status == 200 || early.body.find("warming up") != std::string::npos)
      << early.body;
  ASSERT_TRUE(eventually([&] { return concert.get("/readyz").status == 200; }));
  const auto warmup = concert.get("/api/server-info").json()["warmup"];
  EXPECT_TRUE(warmup["done"].get<bool>());
  EXPECT_TRUE(warmup["error"].is_null()) << warmup;
  EXPECT_GT(warmup["seconds"].get<double>(), 0.0);
}

TEST(Readiness, AModelThatCannotPlaySaysWhy) {
  Concert concert;
  studio::faults(concert.studio())
      .arm({.mode = memory::FaultPlan::Mode::from, .n = 1, .bytes = 0, .purpose = "vae_encoder"});
  concert.engine.warm_up();
  ASSERT_TRUE(eventually(
      [&] { return concert.get("/api/server-info").json()["warmup"]["done"].get<bool>(); }));
  const auto answer = concert.get("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.body.find("the warm-up failed: "), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("vae_encoder"), std::string::npos) << answer.body;
}

TEST(MetricsPage, ShowsTheMemoryOfAPlayingSession) {
  Concert concert;
  Client client(concert.port());
  client.send(nlohmann::json::object());
  client.send_audio(wire::golden_signal(1, 4 * 48000));
  const auto ready = client.read();
  ASSERT_EQ(ready.type(), "ready");
  const auto owner = ready.json()["session_id"].get<std::string>();
  client.send({{"type", "params"}, {"raw", {{"denoise", 0.8}}}, {"playback_pos", 0.0}});
  client.send({{"type", "params"}, {"raw", {{"denoise", 0.6}}}, {"playback_pos", 0.0}});
  for (int slices = 0; slices < 40;) {
    const auto frame = client.read();
    ASSERT_FALSE(frame.closed || frame.late) << "it does not play";
    slices += frame.text ? 0 : 1;
  }
  const auto page = concert.get("/metrics").body;
  const auto ledger = concert.get("/v1/memory").json()["ledger"];
  EXPECT_EQ(metric(page, "headroom_sessions"), 1.0);
  EXPECT_EQ(metric(page, "headroom_memory_budget_bytes"), ledger["budget"].get<double>());
  const auto used = metric(page, "headroom_memory_used_bytes");
  EXPECT_GT(used, 1e6) << "the weights that play";
  EXPECT_LE(used, 512.0 * kMiB);
  EXPECT_GE(metric(page, "headroom_memory_pool_bytes"), used);
  EXPECT_GT(metric(page, "headroom_tick_seconds_count"), 0.0);
  EXPECT_GT(metric(page, "headroom_decode_seconds_count"), 0.0);
  EXPECT_EQ(metric(page, "headroom_knob_audible_seconds_count"), 1.0);
  EXPECT_GT(metric(page, "headroom_knob_audible_seconds_sum"), 0.0);
  EXPECT_EQ(metric(page, "headroom_lease_refused_total"), 0.0);
  const auto leased = "headroom_memory_reserved_bytes{owner=\"" + owner;
  EXPECT_NE(page.find(leased), std::string::npos) << page;

  client.close();
  EXPECT_TRUE(eventually([&] {
    return concert.get("/metrics").body.find(leased) == std::string::npos;
  })) << "something stays leased to a session that is gone";
  EXPECT_EQ(metric(concert.get("/metrics").body, "headroom_sessions"), 0.0);
}

// S60, S61. HEADROOM_STORM sets another number of newcomers, ten a second; bench/storm is the same
// for the program.
TEST(Storm, LeavesOneSessionAndItsMemoryComesBack) {
  const char* const wanted = std::getenv("HEADROOM_STORM");
  const int count = wanted != nullptr ? std::atoi(wanted) : 12;
  Concert concert;
  const auto page = [&] { return concert.get("/metrics").body; };
  const double floor = leased_but_weights(page());
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<Client>(concert.port()));
    clients.back()->send(nlohmann::json::object());
    clients.back()->send_audio(wire::golden_signal(1, 2 * 48000));
    EXPECT_LE(metric(page(), "headroom_sessions"), 1.0);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  ASSERT_TRUE(
      eventually([&] { return metric(page(), "headroom_sessions_preempted_total") == count - 1; }));
  Client* living = nullptr;
  for (auto& client : clients) {
    client->send({{"type", "prompt"}, {"tags", "mine?"}});
    const auto last = client->read_until("prompt_applied");
    if (last.type() == "prompt_applied") {
      EXPECT_EQ(living, nullptr) << "two play";
      living = client.get();
    } else {
      EXPECT_EQ(last.code, 4001) << last.reason;
    }
  }
  ASSERT_NE(living, nullptr);
  EXPECT_EQ(metric(page(), "headroom_sessions"), 1.0);
  EXPECT_GT(leased_but_weights(page()), floor);
  living->close();
  EXPECT_TRUE(eventually([&] { return leased_but_weights(page()) <= floor; }))
      << "something stays leased to sessions that are gone";
  EXPECT_EQ(metric(page(), "headroom_lease_refused_total"), 0.0);
}

}  // namespace
}  // namespace headroom::server::test
