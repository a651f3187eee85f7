// Sessions over real sockets. C1 to C14, C20; W6, W9, W20, W21, W25, W27, W29, W35, W36, W45.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "server/stand.h"
#include "wire/constants.gen.h"
#include "wire/slice_delta.h"

namespace headroom::server::test {
namespace {

using namespace std::chrono_literals;

std::vector<float> floats_of(const Frame& buffer) {
  std::vector<float> samples(buffer.bytes.size() / 2);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto low = static_cast<unsigned char>(buffer.bytes[2 * i]);
    const auto high = static_cast<unsigned char>(buffer.bytes[2 * i + 1]);
    samples[i] = wire::from_half(static_cast<std::uint16_t>(low | high << 8U));
  }
  return samples;
}

TEST(Session, BeginsAsTheContractSays) {
  Stand stand;
  Client client(stand.port(), "/some/path?apiKey=whatever");
  EXPECT_EQ(client.status(), 101) << "C16";
  client.send({{"fixture_name", "song.wav"}, {"enabled_loras", {"alpha"}}});
  client.send_audio(wire::golden_signal(1, 48000));
  const auto ready = client.read();
  ASSERT_EQ(ready.type(), "ready") << "C1";
  EXPECT_EQ(ready.json()["session_id"].get<std::string>().size(), 8U);
  const auto buffer = client.read();
  EXPECT_FALSE(buffer.text) << "C2";
  EXPECT_EQ(buffer.bytes.size(), 48000U * 2 * 2) << "C3";
  EXPECT_EQ(client.read().type(), "stem_assets");
  EXPECT_EQ(client.read().bytes.size(), 48000U * 4) << "C5";
  EXPECT_EQ(client.read().bytes.size(), 48000U * 4);
  EXPECT_EQ(client.read().type(), "lora_catalog");
  const auto slice = client.read();
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(slice.bytes.data());
  EXPECT_TRUE(wire::parse_slice({bytes, slice.bytes.size()})) << "C6";
}

// The client adds and overwrites as DEMON's does; what it has is what the server sent.
TEST(Session, SlicesRebuildTheSound) {
  Stand stand;
  Client client(stand.port());
  client.send(nlohmann::json::object());
  client.send_audio(wire::golden_signal(1, 48000));
  client.read();
  auto mine = floats_of(client.read());
  const auto source = mine;
  for (int i = 0; i < 3; ++i) client.read();
  int slices = 0;
  for (int i = 0; i < 300 && slices < 100; ++i) {
    const auto frame = client.read();
    ASSERT_FALSE(frame.closed || frame.late);
    if (frame.text) continue;
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(frame.bytes.data());
    const auto slice = wire::parse_slice({bytes, frame.bytes.size()});
    ASSERT_TRUE(slice);
    const auto& [header, halves] = slice.value();
    const float gain = 0.5F + static_cast<float>((header.generations - 1) % 10) / 20.0F;
    for (std::size_t k = 0; k < halves.size(); ++k) {
      auto& sample = mine[header.start * 2 + k];
      sample = header.flags == 0 ? wire::from_half(halves[k]) : sample + wire::from_half(halves[k]);
      ASSERT_NEAR(sample, source[header.start * 2 + k] * gain, 6e-4F) << "slice " << slices;
    }
    ++slices;
  }
  EXPECT_EQ(slices, 100);
}

TEST(Session, AnUnknownTrackIsAnErrorAndNotSilence) {
  Stand stand;
  Client client(stand.port());
  client.send({{"use_server_fixture", true}, {"fixture_name", "../../etc/passwd"}});
  const auto error = client.read();
  EXPECT_EQ(error.json()["code"], "fixture_unavailable");
  const auto close = client.read();
  EXPECT_EQ(close.code, 1011);
  EXPECT_EQ(close.reason, "fixture unavailable");
  EXPECT_TRUE(eventually([&] { return stand.engine.alive == 0; }));
}

TEST(Session, ATrackOfTheLibraryPlaysByItsName) {
  Stand stand;
  stand.track("song");
  Client client(stand.port());
  client.send({{"use_server_fixture", true}, {"fixture_name", "song.wav"}});
  EXPECT_EQ(client.read().type(), "ready");
}

TEST(Session, BadBeginningsAreSaid) {
  Stand stand;
  for (const auto& bad : std::vector<std::string>{"", "[1]", "{\"a\"", std::string(70'000, ' ')}) {
    Client client(stand.port());
    client.send_text(bad);
    auto frame = client.read();
    if (bad.size() < 65'536) {
      EXPECT_EQ(frame.json()["code"], "bad_config");
      frame = client.read();
      EXPECT_EQ(frame.code, 1011);
    } else {
      EXPECT_EQ(frame.code, 1009);
    }
  }
  Client noisy(stand.port());
  noisy.send(nlohmann::json::object());
  noisy.send_binary(std::vector<std::uint8_t>(100, 7));
  EXPECT_EQ(noisy.read().json()["code"], "bad_audio");
  EXPECT_EQ(noisy.read().code, 1011);
  EXPECT_EQ(stand.engine.opened, 0);
}

TEST(Session, LateFramesFail) {
  ServerSettings settings;
  settings.limits.handshake = 1s;
  settings.limits.audio_gap = 1s;
  Stand stand(settings);
  Client silent(stand.port());
  EXPECT_EQ(silent.read(5s).json()["code"], "timeout");
  EXPECT_EQ(silent.read().code, 1011);
  Client half(stand.port());
  half.send(nlohmann::json::object());
  EXPECT_EQ(half.read(5s).json()["code"], "bad_audio");
  auto client = stand.playing();
  client.send({{"type", "swap_source"}, {"request_id", "late"}});
  const auto failed = client.read_control(5s);
  EXPECT_EQ(failed.type(), "swap_failed");
  EXPECT_EQ(failed.json()["request_id"], "late");
  client.send({{"type", "prompt"}, {"tags", "still here"}});
  EXPECT_EQ(client.read_control().type(), "prompt_applied");
}

TEST(Session, SlowAudioIsNotLateWhileItComes) {
  ServerSettings settings;
  settings.limits.audio_gap = 1s;
  Stand stand(settings);
  Client client(stand.port());
  client.send(nlohmann::json::object());
  const auto frame = wire::make_pcm(wire::golden_signal(1, 48000), 2);
  const std::span<const std::uint8_t> all(frame);
  const auto piece = frame.size() / 5 + 1;
  for (std::size_t at = 0; at < frame.size(); at += piece) {
    std::this_thread::sleep_for(400ms);
    const auto size = std::min(piece, frame.size() - at);
    client.send_part(all.subspan(at, size), at + size == frame.size());
  }
  EXPECT_EQ(client.read().type(), "ready");
}

TEST(Session, CommandsAreAnsweredInOrderWithTheirIds) {
  Stand stand;
  auto client = stand.playing();
  for (int i = 0; i < 50; ++i)
    client.send(
        {{"type", "prompt"}, {"tags", std::to_string(i)}, {"request_id", fmt::format("r{}", i)}});
  for (int i = 0; i < 50; ++i) {
    const auto frame = client.read_control().json();
    ASSERT_EQ(frame["tags"], std::to_string(i));
    ASSERT_EQ(frame["request_id"], fmt::format("r{}", i));
  }
  client.send_text("nonsense");
  EXPECT_EQ(client.read_control().type(), "command_failed");
  client.send({{"type", "params"}, {"raw", {{"denoise", "loud"}}}});
  EXPECT_EQ(client.read_control().json()["field"], "raw.denoise");
}

TEST(Session, ASwapIsOneUninterruptedSequence) {
  Stand stand;
  stand.track("other", 5, 96000);
  auto client = stand.playing();
  client.send(
      {{"type", "swap_source"}, {"use_server_source", true}, {"fixture_name", "other.wav"}});
  EXPECT_EQ(client.read_control().type(), "swap_ready");
  EXPECT_EQ(client.read().bytes.size(), 96000U * 4) << "C4";
  EXPECT_EQ(client.read().type(), "stem_assets");
  EXPECT_EQ(client.read().bytes.size(), 96000U * 4);
  EXPECT_EQ(client.read().bytes.size(), 96000U * 4);
}

TEST(Session, ACrashIsAFrameAndThen1011) {
  Stand stand;
  stand.engine.crash_after_slices = 5;
  auto client = stand.playing();
  const auto error = client.read_until("error");
  ASSERT_EQ(error.type(), "error");
  EXPECT_EQ(error.json()["code"], "runtime_error");
  EXPECT_EQ(client.read().code, 1011);
  EXPECT_TRUE(eventually([&] { return stand.engine.alive == 0; }));
}

TEST(Session, ParamsUpdatesComeAtMostTenTimesASecond) {
  Stand stand;
  stand.engine.tick = 2ms;
  auto client = stand.playing();
  const auto until = std::chrono::steady_clock::now() + 1s;
  int updates = 0;
  int slices = 0;
  while (std::chrono::steady_clock::now() < until) {
    const auto frame = client.read();
    ASSERT_FALSE(frame.closed || frame.late);
    ++(frame.text ? updates : slices);
  }
  EXPECT_LE(updates, 12);
  EXPECT_GE(updates, 3);
  EXPECT_GT(slices, updates * 2);
}

// A client that reads nothing for a while gets the newest sound, not an hour of the past; and the
// engine never waited.
TEST(Session, ASlowReaderSkipsSlicesAndKeepsTheRest) {
  Stand stand;
  stand.engine.tick = 1ms;
  stand.engine.slice_frames = 17280;
  auto client = stand.playing(nlohmann::json::object(), 4.0);
  client.send({{"type", "prompt"}, {"tags", "while asleep"}});
  std::this_thread::sleep_for(4s);
  const auto frame = client.read_until("prompt_applied");
  EXPECT_EQ(frame.type(), "prompt_applied");
  std::uint32_t last = 0;
  std::uint32_t largest_gap = 0;
  const auto until = std::chrono::steady_clock::now() + 2s;
  while (std::chrono::steady_clock::now() < until) {
    const auto next = client.read();
    ASSERT_FALSE(next.closed || next.late);
    if (next.text) continue;
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(next.bytes.data());
    const auto slice = wire::parse_slice({bytes, next.bytes.size()});
    ASSERT_TRUE(slice);
    if (last > 0) largest_gap = std::max(largest_gap, slice.value().header.generations - last);
    last = slice.value().header.generations;
  }
  EXPECT_GT(largest_gap, 50U) << "nothing was skipped, so nothing was tested";
}

TEST(Session, AClientThatCountsItsBytesIsNotFlooded) {
  Stand stand;
  stand.engine.tick = 1ms;
  stand.engine.slice_frames = 4800;
  auto client = stand.playing(nlohmann::json::object(), 4.0);
  client.send({{"type", "params"}, {"raw", nlohmann::json::object()}, {"slice_bytes_rx", 0}});
  std::size_t bytes = 0;
  const auto until = std::chrono::steady_clock::now() + 1500ms;
  while (std::chrono::steady_clock::now() < until) {
    const auto frame = client.read(300ms);
    if (frame.late) break;
    if (!frame.text) bytes += frame.bytes.size();
  }
  EXPECT_LT(bytes, 1'500'000U) << "the window is 256 KiB, and some were under way";
}

TEST(Session, MemoryIsShownToWhoAsks) {
  Stand stand;
  auto client = stand.playing();
  client.send({{"type", "watch_memory"}});
  const auto frame = client.read_until("memory");
  EXPECT_EQ(frame.json()["map"]["ledger"]["budget"], 1000);
}

// W34, W37: big buffers stay off the socket, and need no order.
TEST(Session, StemsAsLinksForWhoFetchesThem) {
  Stand stand;
  const auto track = stand.track("söng");
  const auto pcm = stand.library.read_source(track);
  ASSERT_TRUE(stand.library.add_stems(track.id,
                                      {.vocals = pcm, .instruments = pcm, .checkpoint = "small"}));
  Client client(stand.port());
  client.send(
      {{"use_server_fixture", true}, {"fixture_name", "söng.wav"}, {"stems_over_http", true}});
  const auto links = client.read_until("stem_links");
  ASSERT_EQ(links.type(), "stem_links");
  const auto answer = http(stand.port(), "GET", links.json()["vocals"].get<std::string>());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "audio/wav");
}

TEST(Session, AWebPageOfAnotherSiteGetsNoSocket) {
  Stand stand;
  EXPECT_EQ(Client(stand.port(), "/", {{"Origin", "https://evil.example"}}).status(), 403);
  EXPECT_EQ(Client(stand.port(), "/", {{"Host", "evil.example"}}).status(), 403);
  EXPECT_EQ(Client(stand.port(), "/", {{"Origin", "http://localhost:6660"}}).status(), 101);
}

TEST(Session, TheServerSaysGoodbyeWhenItEnds) {
  Stand stand;
  auto client = stand.playing();
  std::thread drain([&] { stand.server->drain(); });
  Frame frame;
  do frame = client.read();
  while (!frame.closed && !frame.late);
  EXPECT_EQ(frame.code, 1001);
  drain.join();
  EXPECT_EQ(stand.engine.alive, 0);
}

}  // namespace
}  // namespace headroom::server::test
