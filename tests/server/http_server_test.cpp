// HTTP over real sockets, against recorded answers. C17, C18; W1, W7, W11, W46.
#include <gtest/gtest.h>

#include "server/stand.h"

namespace headroom::server::test {
namespace {

TEST(Pages, RecordedAnswers) {
  Stand stand;
  for (const auto& one : wire::golden_json("http.json")) {
    const auto request = one["request"].get<std::string>();
    SCOPED_TRACE(request);
    if (one["status"] == 500) continue;  // the original fetches from elsewhere
    if (request == "GET /") continue;    // and has no page of its own
    const auto target = request.substr(request.find(' ') + 1);
    const auto answer = http(stand.port(), "GET", target);
    EXPECT_EQ(answer.status, one["status"]);
    for (const auto& header : one["headers"]) {
      auto name = header[0].get<std::string>();
      for (auto& c : name) c = static_cast<char>(std::tolower(c));
      if (name == "content-length") continue;
      ASSERT_TRUE(answer.headers.contains(name)) << name;
      EXPECT_EQ(answer.headers.at(name), header[1].get<std::string>()) << name;
    }
    if (one["status"] != 404) continue;
    EXPECT_EQ(answer.body.find("404 not found\n"), 0U);
  }
}

TEST(Pages, ServerInfo) {
  Stand stand;
  const auto answer =
      http(stand.port(), "GET", "/api/server-info", {{"Origin", "https://elsewhere.example"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("access-control-allow-origin"), "*");
  for (const char* member :
       {"no_backend", "kiosk", "default_mode", "warmup", "server_side_fixtures"})
    EXPECT_TRUE(answer.json().contains(member)) << member;
}

TEST(Pages, TracksInPartsAndByTag) {
  Stand stand;
  stand.track("My  Söng__.final.mp3");
  EXPECT_EQ(http(stand.port(), "GET", "/api/user_uploads").json(),
            nlohmann::json{"My  Söng__.final.wav"});
  const std::string path = "/user_uploads/My%20%20S%C3%B6ng__.final.wav";
  const auto whole = http(stand.port(), "GET", path);
  EXPECT_EQ(whole.status, 200);
  EXPECT_GT(whole.body.size(), 384'000U);
  EXPECT_EQ(whole.headers.at("content-type"), "audio/wav");
  const auto part = http(stand.port(), "GET", path, {{"Range", "bytes=100-199"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, whole.body.substr(100, 100));
  EXPECT_EQ(part.headers.at("content-range"), "bytes 100-199/" + std::to_string(whole.body.size()));
  EXPECT_EQ(http(stand.port(), "GET", path, {{"If-None-Match", whole.headers.at("etag")}}).status,
            304);
  const auto head = http(stand.port(), "HEAD", path);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(whole.body.size()));
  EXPECT_TRUE(head.body.empty());
  EXPECT_EQ(http(stand.port(), "GET", "/v1/tracks").json().at(0)["duration_s"], 1.0);
  EXPECT_EQ(http(stand.port(), "DELETE", "/v1/tracks/My%20%20S%C3%B6ng__.final.wav").status, 204);
  EXPECT_EQ(http(stand.port(), "GET", path).status, 404);
}

TEST(Pages, NoPathLeadsOut) {
  Stand stand;
  stand.track("song");
  stand.folder.write("secret.wav", "secret");
  for (const char* bad :
       {"/user_uploads/..%2F..%2Fsecret.wav", "/user_uploads/../../secret.wav",
        "/fixtures/%2e%2e%2fsecret.wav", "/user_uploads/song.wav/../secret", "/user_uploads/%00",
        "/user_uploads/%zz", "/videos/..%2Fsecret.mp4", "/user_uploads/", "/fixtures/song.wav",
        "/user_uploads/song.wav/stems/vocals.wav"})
    EXPECT_EQ(http(stand.port(), "GET", bad).status, 404) << bad;
}

TEST(Pages, HealthMetricsMemory) {
  Stand stand;
  auto client = stand.playing();
  for (int i = 0; i < 20; ++i) client.read();
  EXPECT_EQ(http(stand.port(), "GET", "/healthz").body, "ok\n");
  EXPECT_EQ(http(stand.port(), "GET", "/readyz").status, 200);
  EXPECT_EQ(http(stand.port(), "GET", "/v1/memory").json()["ledger"]["budget"], 1000);
  const auto metrics = http(stand.port(), "GET", "/metrics");
  EXPECT_EQ(metrics.headers.at("content-type").find("text/plain; version=0.0.4"), 0U);
  for (const char* line :
       {"\nheadroom_sessions 1\n", "\nheadroom_lease_refused_total 2\n",
        "\nheadroom_memory_reserved_bytes{owner=\"session \\\"a\\\"\",kind=\"weights\"} 7\n",
        "headroom_tick_seconds_bucket{le=\"0.02\"}"})
    EXPECT_NE(metrics.body.find(line), std::string::npos) << line << " is not in\n" << metrics.body;
  EXPECT_EQ(metrics.body.find("headroom_slices_sent_total 0\n"), std::string::npos);
}

TEST(Pages, ATokenIsNeededForAllButTheProbes) {
  ServerSettings settings;
  settings.site.access.token = "open-sesame";
  Stand stand(settings);
  EXPECT_EQ(http(stand.port(), "GET", "/api/fixtures").status, 401);
  EXPECT_EQ(http(stand.port(), "GET", "/api/fixtures").json()["code"], "token_needed");
  EXPECT_EQ(http(stand.port(), "GET", "/api/fixtures?token=open-sesame").status, 200);
  EXPECT_EQ(http(stand.port(), "GET", "/healthz").status, 200);
  EXPECT_EQ(http(stand.port(), "POST", "/v1/tracks?name=x", {}, "abc").status, 401);
  EXPECT_EQ(http(stand.control(), "GET", "/sessions").status, 401);
  EXPECT_EQ(Client(stand.port()).status(), 401);
  EXPECT_EQ(Client(stand.port(), "/?apiKey=open-sesame").status(), 101);
}

TEST(Pages, WhatIsNoRequestIsAnswered) {
  Stand stand;
  EXPECT_EQ(http(stand.port(), "PUT", "/api/fixtures").status, 405);
  EXPECT_EQ(http(stand.port(), "GET", "/" + std::string(20'000, 'x')).status, 431);
  EXPECT_EQ(http(stand.port(), "POST", "/api/fixtures", {}, "body").status, 413);
}

}  // namespace
}  // namespace headroom::server::test
