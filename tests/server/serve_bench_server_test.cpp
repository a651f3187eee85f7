// `headroom bench serve` at a real server. The small engine turns nothing into other sound, so what
// is checked here is the talk; what the numbers mean is checked in ear_test.cpp.
#include <unistd.h>

#include <gtest/gtest.h>

#include "expect_error.h"
#include "server/serve_bench.h"
#include "server/stand.h"

namespace headroom::server::test {
namespace {

ServeBenchSettings at(const Stand& stand) {
  ServeBenchSettings settings;
  settings.address = {.port = stand.port()};
  settings.seconds = 2.0;
  settings.every = 0.2;
  const auto samples = wire::golden_signal(1, 4 * 48000);
  settings.source = wire::Pcm{.frames = 4 * 48000, .samples = samples};
  return settings;
}

const auto never = [] { return false; };

TEST(ServeBench, MeasuresASessionUnderLoad) {
  Stand stand;
  auto settings = at(stand);
  settings.load = 500.0;
  settings.pid = ::getpid();
  const auto report = bench_serve(settings, never);
  EXPECT_FALSE(report.ended) << report.ended->reason;
  EXPECT_NEAR(report.buffer_seconds, 4.0, 1e-9);
  EXPECT_EQ(report.depth, 4);
  EXPECT_EQ(report.warnings, 0U);
  EXPECT_EQ(report.heard.bad_slices, 0U);
  EXPECT_GT(report.heard.slices, 10U);
  EXPECT_GT(report.heard.bytes, report.heard.slices * 23);
  EXPECT_NEAR(report.heard.tick.median, 0.0105, 1e-6) << "what the small engine says";
  EXPECT_NEAR(report.heard.decode.median, 0.00325, 1e-6);
  EXPECT_GE(report.heard.turns.size(), 3U);
  EXPECT_GT(report.load_sent, 100U);
  EXPECT_EQ(report.after.used, 10.0) << "/metrics, while the session lives";
  EXPECT_EQ(report.after.leased, 7.0);
  EXPECT_GT(report.after.resident, 1U << 20U);
  // Every control message and report has arrived.
  const auto page = http(stand.port(), "GET", "/metrics").body;
  const auto where = page.find("\nheadroom_commands_total ");
  ASSERT_NE(where, std::string::npos);
  EXPECT_EQ(std::stoull(page.substr(where + 25)), report.reports + report.load_sent);
}

TEST(ServeBench, PlaysATrackOfTheLibrary) {
  Stand stand;
  stand.track("song.wav");
  auto settings = at(stand);
  settings.source.reset();
  settings.track = "song.wav";
  settings.seconds = 0.5;
  const auto report = bench_serve(settings, never);
  EXPECT_NEAR(report.buffer_seconds, 1.0, 1e-9);
  EXPECT_GT(report.heard.slices, 0U);
  settings.track = "nobody.wav";
  EXPECT_ERROR((void)bench_serve(settings, never), ErrorKind::input, "there is no such track");
}

TEST(ServeBench, ASessionThatEndsEarlyKeepsWhatWasMeasured) {
  Stand stand;
  stand.engine.tick = std::chrono::milliseconds(20);
  stand.engine.crash_after_slices = 20;
  auto settings = at(stand);
  settings.seconds = 20.0;
  const auto report = bench_serve(settings, never);
  ASSERT_TRUE(report.ended);
  EXPECT_EQ(report.ended->reason, "the runner failed") << "the error's words, not the close's";
  EXPECT_GT(report.heard.slices, 5U);
  EXPECT_LT(report.heard.seconds, 10.0);
}

TEST(ServeBench, EndsWhenSomebodySaysSoAndWhenAnotherTakesOver) {
  Stand stand;
  auto settings = at(stand);
  settings.seconds = 30.0;
  int looks = 0;
  const auto stopped = bench_serve(settings, [&] { return ++looks > 300; });
  EXPECT_FALSE(stopped.ended);
  EXPECT_LT(stopped.heard.seconds, 20.0);
  std::thread rival([&] {
    eventually([&] { return stand.engine.opened == 2; });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    (void)stand.playing();
  });
  const auto preempted = bench_serve(settings, never);
  rival.join();
  ASSERT_TRUE(preempted.ended);
  EXPECT_EQ(preempted.ended->code, 4001);
  EXPECT_GT(preempted.heard.slices, 0U) << "what was measured until then stands";
}

TEST(ServeBench, SaysThatNobodyIsThere) {
  ServeBenchSettings settings;
  {
    Stand stand;
    settings = at(stand);
  }
  EXPECT_ERROR((void)bench_serve(settings, never), ErrorKind::input, "headroom serve");
}

TEST(ServeBench, AKnobOfTheOtherSamplerIsRefused) {
  Stand stand;
  auto settings = at(stand);
  settings.knob = "sde_amp";
  EXPECT_ERROR((void)bench_serve(settings, never), ErrorKind::usage, "--sde");
}

}  // namespace
}  // namespace headroom::server::test
