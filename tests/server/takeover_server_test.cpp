// One session at a time. S60 to S62, S64, S66 to S68; W12.
#include <gtest/gtest.h>

#include "server/stand.h"

namespace headroom::server::test {
namespace {

using namespace std::chrono_literals;

Frame end_of(Client& client) {
  Frame frame;
  do frame = client.read();
  while (!frame.closed && !frame.late);
  return frame;
}

TEST(Takeover, TheOlderSessionGetsItsCodeAndTheNewerPlays) {
  Stand stand;
  stand.engine.teardown = 200ms;
  auto old = stand.playing();
  auto fresh = stand.playing();
  const auto end = end_of(old);
  EXPECT_EQ(end.code, 4001);
  EXPECT_EQ(end.reason, "preempted by a newer session");
  EXPECT_EQ(stand.engine.most_alive, 1) << "the new one was built before the old one was gone";
  fresh.send({{"type", "prompt"}, {"tags", "mine now"}});
  EXPECT_EQ(fresh.read_control().type(), "prompt_applied");
}

TEST(Takeover, AHalfOpenNewcomerDisturbsNobody) {
  Stand stand;
  auto playing = stand.playing();
  Client silent(stand.port());
  Client half(stand.port());
  half.send(nlohmann::json::object());
  Client bad(stand.port());
  bad.send_text("no configuration");
  EXPECT_EQ(bad.read().type(), "error");
  playing.send({{"type", "prompt"}, {"tags", "undisturbed"}});
  EXPECT_EQ(playing.read_control().type(), "prompt_applied");
}

TEST(Takeover, CanBeForbidden) {
  ServerSettings settings;
  settings.takeover = Takeover::deny;
  Stand stand(settings);
  auto playing = stand.playing();
  Client late(stand.port());
  late.send(nlohmann::json::object());
  late.send_audio(wire::golden_signal(1, 48000));
  EXPECT_EQ(late.read().json()["code"], "busy");
  EXPECT_EQ(late.read().code, 1011);
  playing.close();
  ASSERT_TRUE(eventually([&] { return stand.engine.alive == 0; }));
  stand.playing();
}

// A client that reconnects by itself after 4001 would throw its successor out again.
TEST(Takeover, APreemptedClientThatKnocksAgainIsTurnedAway) {
  Stand stand;
  auto first = stand.playing({{"client_id", "one"}});
  auto second = stand.playing({{"client_id", "two"}});
  EXPECT_EQ(end_of(first).code, 4001);
  Client again(stand.port());
  again.send({{"client_id", "one"}});
  again.send_audio(wire::golden_signal(1, 48000));
  EXPECT_EQ(again.read().json()["code"], "preempted");
  EXPECT_EQ(again.read().code, 4001);
  second.send({{"type", "prompt"}, {"tags", "still mine"}});
  EXPECT_EQ(second.read_control().type(), "prompt_applied");
  // Unless somebody has pressed the button.
  (void)stand.playing({{"client_id", "one"}, {"take_over", true}});
  EXPECT_EQ(end_of(second).code, 4001);
}

TEST(Takeover, MoreSessionsWhereThatIsAllowed) {
  ServerSettings settings;
  settings.limits.most_sessions = 2;
  Stand stand(settings);
  auto a = stand.playing();
  auto b = stand.playing();
  EXPECT_EQ(stand.engine.alive, 2);
  auto c = stand.playing();
  EXPECT_EQ(end_of(a).code, 4001) << "the oldest gives way";
  EXPECT_EQ(stand.engine.most_alive, 2);
}

// S63, W48
TEST(Takeover, ATeardownThatHangsIsARefusalAndNotASecondStack) {
  ServerSettings settings;
  settings.limits.teardown = 1s;
  Stand stand(settings);
  stand.engine.teardown = 3s;
  auto old = stand.playing();
  Client fresh(stand.port());
  fresh.send(nlohmann::json::object());
  fresh.send_audio(wire::golden_signal(1, 48000));
  const auto refused = fresh.read();
  EXPECT_EQ(refused.json()["code"], "busy");
  EXPECT_EQ(stand.engine.most_alive, 1);
}

TEST(Takeover, RefreshingThePageLeavesNothingBehind) {
  ServerSettings settings;
  settings.limits.resume_grace = 1s;
  Stand stand(settings);
  for (int i = 0; i < 20; ++i) {
    auto client = stand.playing();
    if (i % 2 == 0)
      client.close();
    else
      client.drop();
  }
  EXPECT_TRUE(eventually([&] { return stand.engine.alive == 0; }));
  EXPECT_EQ(stand.engine.most_alive, 1);
}

std::string token_of(const Frame& ready) { return ready.json().value("resume_token", ""); }

// The session's first frame, for a client with this token.
Frame resumed(Client& client, const std::string& token) {
  client.send({{"resume", token}});
  client.send_audio(wire::golden_signal(1, 48000));
  return client.read();
}

// W38
TEST(Resume, ABrokenLinkIsTakenUpWhereItWas) {
  Stand stand;
  Client first(stand.port());
  const auto ready = resumed(first, "");
  ASSERT_EQ(ready.type(), "ready");
  EXPECT_FALSE(ready.json().contains("resumed"));
  first.send({{"type", "prompt"}, {"tags", "kept"}});
  ASSERT_EQ(first.read_until("prompt_applied").type(), "prompt_applied");
  first.drop();
  ASSERT_TRUE(eventually([&] { return stand.server->lobby().sessions().empty(); }));
  EXPECT_EQ(stand.engine.alive, 1) << "it waits for its client";

  Client second(stand.port());
  const auto again = resumed(second, token_of(ready));
  ASSERT_EQ(again.type(), "ready");
  EXPECT_EQ(again.json()["session_id"], ready.json()["session_id"]);
  EXPECT_EQ(again.json()["resumed"]["prompt"], "kept");
  EXPECT_EQ(second.read().type(), "binary");
  second.send({{"type", "prompt"}, {"tags", "on we go"}});
  EXPECT_EQ(second.read_until("prompt_applied").type(), "prompt_applied");
  EXPECT_EQ(stand.engine.opened, 1);
  EXPECT_EQ(stand.server->lobby().counts().resumed, 1U);
}

// A phone that changes networks is back before its old socket is known to be dead.
TEST(Resume, TheClientMayBeBackBeforeItsOldSocketIsGone) {
  Stand stand;
  Client first(stand.port());
  const auto token = token_of(resumed(first, ""));
  Client second(stand.port());
  EXPECT_TRUE(resumed(second, token).json().contains("resumed"));
  EXPECT_EQ(end_of(first).code, 4001);
  second.send({{"type", "prompt"}, {"tags", "mine"}});
  EXPECT_EQ(second.read_until("prompt_applied").type(), "prompt_applied");
  EXPECT_EQ(stand.engine.opened, 1);
}

TEST(Resume, AGoodbyeAndTheEndOfTheGraceAreFinal) {
  ServerSettings settings;
  settings.limits.resume_grace = 1s;
  Stand stand(settings);
  for (const bool goodbye : {true, false}) {
    Client first(stand.port());
    const auto token = token_of(resumed(first, ""));
    goodbye ? first.close() : first.drop();
    ASSERT_TRUE(eventually([&] { return stand.engine.alive == 0; }));
    Client second(stand.port());
    EXPECT_FALSE(resumed(second, token).json().contains("resumed")) << "a new session";
    second.close();
    ASSERT_TRUE(eventually([&] { return stand.engine.alive == 0; }));
  }
}

TEST(Resume, WhoeverWaitsGivesWayAndDoesNotThrowHisSuccessorOut) {
  Stand stand;
  Client first(stand.port());
  const auto token = token_of(resumed(first, ""));
  first.drop();
  ASSERT_TRUE(eventually([&] { return stand.server->lobby().sessions().empty(); }));
  auto successor = stand.playing();
  Client back(stand.port());
  EXPECT_EQ(resumed(back, token).json()["code"], "preempted");
  EXPECT_EQ(back.read().code, 4001);
  successor.send({{"type", "prompt"}, {"tags", "undisturbed"}});
  EXPECT_EQ(successor.read_until("prompt_applied").type(), "prompt_applied");
}

TEST(Takeover, AStormEndsWithExactlyOne) {
  ServerSettings settings;
  // Nobody's farewell is read before all have come.
  settings.limits.goodbye = settings.limits.handshake = 60s;
  Stand stand(settings);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Client>(stand.port()));
    clients.back()->send(nlohmann::json::object());
    clients.back()->send_audio(wire::golden_signal(1, 48000));
  }
  // Who comes last is up to the threads; that exactly one stays is not.
  ASSERT_TRUE(eventually([&] { return stand.server->lobby().counts().preempted == 99; }));
  int preempted = 0;
  int playing = 0;
  for (auto& client : clients) {
    client->send({{"type", "prompt"}, {"tags", "mine?"}});
    const auto last = client->read_until("prompt_applied");
    preempted += last.closed && last.code == 4001 ? 1 : 0;
    playing += last.type() == "prompt_applied" ? 1 : 0;
  }
  EXPECT_EQ(preempted, 99);
  EXPECT_EQ(playing, 1);
  EXPECT_EQ(stand.engine.most_alive, 1);
  EXPECT_EQ(stand.engine.alive, 1);
  EXPECT_EQ(stand.server->lobby().sessions().size(), 1U);
}

}  // namespace
}  // namespace headroom::server::test
