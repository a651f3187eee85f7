// Uploads, by WebSocket and by HTTP. S41, S48, S50, S56, S57, S66; W10, W18.
#include <fstream>

#include <gtest/gtest.h>

#include "library/track_file.h"
#include "server/stand.h"

namespace headroom::server::test {
namespace {

Frame upload(Stand& stand, const nlohmann::json& header, std::size_t frames = 96000) {
  Client client(stand.port());
  client.send(header);
  client.send_audio(wire::golden_signal(1, frames));
  auto answer = client.read();
  EXPECT_EQ(client.read().code, 1000);
  return answer;
}

std::string wav(std::uint32_t seed, std::size_t frames = 96000) {
  const TempFolder folder;
  library::write_wav(folder / "a.wav", {.frames = static_cast<std::uint32_t>(frames),
                                        .samples = wire::golden_signal(seed, frames)});
  std::ifstream file(folder / "a.wav", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Upload, TwoPhasesBesideASessionThatPlays) {
  Stand stand;
  auto playing = stand.playing({{"client_id", "me"}});
  const auto request = wire::golden_json("track_library.json")["request"];
  const auto answer = upload(stand, {{"type", "upload_track"},
                                     {"name", request["name"]},
                                     {"key", request["key"]},
                                     {"time_signature", request["time_signature"]},
                                     {"client_id", "me"},
                                     {"request_id", "7"}});
  wire::expect_contains(answer.json(), wire::golden_json("track_library.json")["upload_ok"]);
  EXPECT_EQ(answer.json()["stems_pending"], true);
  EXPECT_EQ(answer.json()["request_id"], "7");
  const auto name = answer.json()["name"].get<std::string>();
  playing.send({{"type", "swap_source"}, {"use_server_source", true}, {"fixture_name", name}});
  EXPECT_EQ(playing.read_until("swap_ready").json()["fixture_name"], name) << "at once, by name";
  playing.read_until("stem_assets");
  playing.read();
  playing.read();
  stand.engine.finish_rips();
  const auto push = playing.read_until("stem_assets");
  EXPECT_EQ(push.json()["source_mode"], "") << "C11";
  EXPECT_EQ(push.json()["fixture_name"], name);
  EXPECT_EQ(playing.read().bytes.size(), 96000U * 4);
  EXPECT_EQ(playing.read().bytes.size(), 96000U * 4);
  EXPECT_EQ(stand.engine.opened, 1) << "nobody was preempted";
}

TEST(Upload, StemsGoToWhoUploadedAndToNobodyElse) {
  Stand stand;
  upload(stand, {{"type", "upload_track"}, {"name", "mine"}, {"client_id", "me"}});
  auto other = stand.playing({{"client_id", "you"}});
  stand.engine.finish_rips();
  other.send({{"type", "prompt"}, {"tags", "x"}});
  EXPECT_EQ(other.read_control().type(), "prompt_applied") << "and no stems before it";
}

TEST(Upload, AClientThatLeavesKeepsItsUpload) {
  Stand stand;
  {
    Client client(stand.port());
    client.send({{"type", "upload_track"}, {"name", "kept"}});
    client.send_audio(wire::golden_signal(1, 96000));
    client.drop();
  }
  EXPECT_TRUE(eventually([&] { return stand.library.find("kept").has_value(); }));
}

TEST(Upload, BadOnesAreSaidAndLeaveNothing) {
  Stand stand;
  EXPECT_EQ(upload(stand, {{"type", "upload_track"}}, 100).type(), "upload_failed");
  Client text(stand.port());
  text.send({{"type", "upload_track"}});
  text.send_text("not audio");
  EXPECT_EQ(text.read().json()["error"], "expected binary PCM frame after upload header");
  EXPECT_EQ(text.read().code, 1000);
  EXPECT_TRUE(stand.library.list(library::Shelf::upload).empty());
}

TEST(HttpUpload, AFileBecomesATrackOnce) {
  Stand stand;
  const auto body = wav(8);
  const auto first =
      http(stand.port(), "POST", "/v1/tracks?name=My%20song.flac&key=C%20major&time_signature=3",
           {}, body);
  ASSERT_EQ(first.status, 201) << first.body;
  EXPECT_EQ(first.json()["name"], "My song.wav");
  EXPECT_EQ(first.json()["key"], "C major");
  EXPECT_EQ(first.json()["samples"], 96000);
  EXPECT_EQ(stand.library.read_source(*stand.library.find("My song")).samples,
            wire::golden_signal(8, 96000));
  const auto again = http(stand.port(), "POST", "/v1/tracks?name=other", {}, body);
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json()["name"], "My song.wav") << "the same samples";
  EXPECT_EQ(stand.library.list(library::Shelf::upload).size(), 1U);
}

TEST(HttpUpload, GoesOnWhereItBrokeOff) {
  Stand stand;
  const auto body = wav(9);
  const std::string where = "/v1/tracks?name=long&upload_id=abcdefgh-1";
  const auto half = body.size() / 2;
  const auto first =
      http(stand.port(), "POST", where, {{"Upload-Complete", "?0"}}, body.substr(0, half));
  EXPECT_EQ(first.status, 202);
  const auto asked = http(stand.port(), "HEAD", where);
  EXPECT_EQ(asked.status, 204);
  EXPECT_EQ(asked.headers.at("upload-offset"), std::to_string(half));
  const auto wrong = http(stand.port(), "POST", where, {{"Upload-Offset", "5"}}, "xyz");
  EXPECT_EQ(wrong.status, 409);
  EXPECT_EQ(wrong.json()["offset"], half);
  const auto rest = http(stand.port(), "POST", where, {{"Upload-Offset", std::to_string(half)}},
                         body.substr(half));
  ASSERT_EQ(rest.status, 201) << rest.body;
  EXPECT_EQ(stand.library.read_source(*stand.library.find("long")).samples,
            wire::golden_signal(9, 96000));
}

// W13: what a killed process was sent in one piece is of no use to anybody.
TEST(HttpUpload, BodiesThatNobodyCanGoOnWithAreSwept) {
  Stand stand;
  const std::string where = "/v1/tracks?name=long&upload_id=abcdefgh-1";
  EXPECT_EQ(http(stand.port(), "POST", where, {{"Upload-Complete", "?0"}}, "half").status, 202);
  const auto bodies = stand.folder / "user_uploads/.incoming-http";
  stand.server.reset();
  std::ofstream(bodies / "0123456789abcdef.body") << "half";
  ServerSettings settings;
  settings.port = settings.control_port = 0;
  stand.server = std::make_unique<Server>(settings, stand.library, stand.engine);
  stand.server->start();
  EXPECT_FALSE(std::filesystem::exists(bodies / "0123456789abcdef.body"));
  EXPECT_EQ(http(stand.port(), "HEAD", where).headers.at("upload-offset"), "4");
}

TEST(HttpUpload, RefusalsAreProblems) {
  ServerSettings settings;
  settings.limits.upload_body = 1'000'000;
  Stand stand(settings);
  const auto code = [&](const std::string& target, const std::string& body) {
    const auto answer = http(stand.port(), "POST", target, {}, body);
    return std::to_string(answer.status) + " " +
           (answer.body.empty() ? "" : answer.json()["code"].get<std::string>());
  };
  EXPECT_EQ(code("/v1/tracks?name=x", "this is no audio"), "415 not_audio");
  EXPECT_EQ(code("/v1/tracks?name=x", wav(1, 1000)), "422 too_short");
  EXPECT_EQ(code("/v1/tracks?name=x", std::string(1'100'000, 'x')), "413 too_large");
  EXPECT_EQ(code("/v1/tracks?name=x&upload_id=short", "a"), "400 bad_upload_id");
  EXPECT_EQ(code("/v1/tracks?name=x&time_signature=9", "a"), "400 bad_field");
  EXPECT_TRUE(std::filesystem::is_empty(stand.folder / "user_uploads/.incoming-http"));
  EXPECT_EQ(http(stand.port(), "POST", "/v1/tracks?name=x", {}, "no audio")
                .body.find(stand.folder.path().string()),
            std::string::npos)
      << "W7";
}

}  // namespace
}  // namespace headroom::server::test
