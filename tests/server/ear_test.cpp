// The measuring of `headroom bench serve`, over sequences of events whose answers are known.
#include "server/ear.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "expect_error.h"
#include "server/serve_bench.h"
#include "server/wire_client.h"
#include "wire/slice_delta.h"

namespace headroom::server {
namespace {

constexpr std::uint32_t kRate = 48000;

// Four seconds of silence that began to play at second 100.
Ear ear_at_100(const std::string& knob = "denoise", std::int64_t depth = 4) {
  Ear ear({.knob = knob, .depth = depth});
  ear.begin(100.0, std::vector<std::uint16_t>(std::size_t{4} * kRate * 2), 2);
  return ear;
}

wire::SliceFrame slice(double at, double seconds, std::uint32_t generations, float level,
                       std::uint8_t flags = 0) {
  wire::SliceFrame frame;
  frame.header = {.flags = flags,
                  .start = static_cast<std::uint32_t>(at * kRate),
                  .count = static_cast<std::uint32_t>(seconds * kRate),
                  .channels = 2,
                  .tick_ms = 20.0F,
                  .decode_ms = 5.0F,
                  .generations = generations};
  frame.halves.assign(std::size_t{frame.header.count} * 2, wire::to_half(level));
  return frame;
}

nlohmann::json params(const std::string& knob, double value, int generations) {
  return {{knob, value}, {"num_gens", generations}};
}

TEST(Spread, TakesTheNearestRank) {
  std::vector<double> hundred;
  for (int i = 100; i >= 1; --i) hundred.push_back(i);
  const auto spread = spread_of(hundred);
  EXPECT_EQ(spread.count, 100U);
  EXPECT_EQ(spread.median, 50.0);
  EXPECT_EQ(spread.p90, 90.0);
  EXPECT_EQ(spread.p99, 99.0);
  EXPECT_EQ(spread.least, 1.0);
  EXPECT_EQ(spread.most, 100.0);
  EXPECT_EQ(spread_of({7.0}).p99, 7.0);
  EXPECT_EQ(spread_of({}).count, 0U);
}

TEST(Knobs, ActOnWhatIsUnderWayOrOnWhatComes) {
  EXPECT_EQ(acts_of("denoise"), Acts::admission);
  EXPECT_EQ(acts_of("hint_strength"), Acts::admission);
  EXPECT_EQ(acts_of("sde_amp"), Acts::next_tick);
  EXPECT_EQ(acts_of("ch_g3"), Acts::next_tick);
  EXPECT_EQ(acts_of("dcw_scaler"), Acts::next_tick);
  EXPECT_FALSE(acts_of("rcfg_mode")) << "a choice has no value between";
  EXPECT_FALSE(acts_of("velocity_scale_curve"));
  EXPECT_FALSE(acts_of("no_such_knob"));
  EXPECT_ERROR(Ear({.knob = "no_such_knob"}), ErrorKind::usage, "no_such_knob");
}

TEST(Ear, TheMirrorOverwritesAndAdds) {
  auto ear = ear_at_100();
  ear.slice(100.1, slice(1.0, 0.5, 1, 0.25F), 10);
  ear.slice(100.2, slice(1.0, 0.5, 1, 0.125F, 1), 10);
  EXPECT_EQ(ear.mirror()[kRate * 2], 0.375F);
  EXPECT_EQ(ear.mirror()[kRate * 3 - 1], 0.375F);
  EXPECT_EQ(ear.mirror()[kRate * 3], 0.0F) << "behind the slice";
  EXPECT_EQ(ear.mirror()[kRate * 2 - 1], 0.0F) << "before it";
  ear.slice(100.3, slice(3.8, 0.5, 1, 0.5F), 10);
  const auto heard = ear.heard(100.4);
  EXPECT_EQ(heard.bad_slices, 1U) << "it goes beyond the buffer";
  EXPECT_EQ(heard.slices, 2U);
  EXPECT_EQ(heard.raw_slices, 1U);
  EXPECT_EQ(heard.bytes, 20U);
}

TEST(Ear, ThePlayheadGoesAround) {
  const auto ear = ear_at_100();
  EXPECT_DOUBLE_EQ(ear.playhead(100.0), 0.0);
  EXPECT_DOUBLE_EQ(ear.playhead(103.5), 3.5);
  EXPECT_DOUBLE_EQ(ear.playhead(109.0), 1.0);
}

TEST(Ear, LeadsAreAheadAroundTheEndAndBehindNearby) {
  auto ear = ear_at_100();
  ear.slice(101.0, slice(1.5, 0.2, 1, 0.1F), 1);  // half a second ahead
  EXPECT_NEAR(*ear.take_worst_lead(), 0.5, 1e-6);
  EXPECT_FALSE(ear.take_worst_lead()) << "it was taken";
  ear.slice(103.8, slice(0.2, 0.2, 2, 0.1F), 1);  // around the end
  EXPECT_NEAR(*ear.take_worst_lead(), 0.4, 1e-6);
  ear.slice(106.0, slice(1.7, 0.2, 3, 0.1F), 1);  // behind
  ear.slice(106.1, slice(3.0, 0.2, 3, 0.1F), 1);
  EXPECT_NEAR(*ear.take_worst_lead(), -0.3, 1e-6);
  const auto heard = ear.heard(106.1);
  EXPECT_EQ(heard.late_slices, 1U);
  EXPECT_NEAR(heard.lead.least, -0.3, 1e-6);
  EXPECT_EQ(heard.tick.count, 3U) << "once for each generation";
  EXPECT_EQ(heard.decode.count, 4U) << "once for each slice";
}

TEST(Ear, SoundThatNothingRefreshedIsStale) {
  auto ear = ear_at_100();
  ear.slice(100.0, slice(0.5, 1.0, 1, 0.1F), 1);
  EXPECT_NEAR(ear.heard(103.9).stale, 0.0, 0.02) << "the first lap is the source's";
  // The second lap: everything but [1, 2) is refreshed before the playhead is there.
  ear.slice(103.95, slice(0.0, 1.0, 2, 0.2F), 1);
  ear.slice(105.5, slice(2.0, 2.0, 3, 0.2F), 1);
  const auto heard = ear.heard(107.99);
  EXPECT_NEAR(heard.stale, 1.0, 0.03);
  EXPECT_NEAR(heard.played, 7.99, 0.03);
}

// A knob that acts at admission: four generations were under way when it was taken.
TEST(Ear, AdmittedValuesAreHeardWhenWhatWasUnderWayIsThrough) {
  auto ear = ear_at_100();
  ear.slice(100.1, slice(0.4, 0.3, 10, 0.1F), 1);
  ear.turned(101.0, 0.75);
  ear.update(101.05, params("denoise", 0.35, 10));
  ear.slice(101.1, slice(1.5, 0.3, 11, 0.1F), 1);
  ear.update(101.2, params("denoise", 0.75, 12));
  ear.update(101.3, params("denoise", 0.75, 13));  // says nothing new
  for (std::uint32_t generation = 13; generation <= 16; ++generation)
    ear.slice(101.3, slice(1.8, 0.3, generation, 0.1F), 1);
  ear.slice(101.4, slice(1.2, 0.3, 17, 0.1F), 1);  // behind the playhead: nobody hears it
  ear.slice(101.5, slice(2.0, 0.3, 17, 0.1F), 1);
  const auto turn = ear.heard(101.6).turns.at(0);
  EXPECT_NEAR(*turn.applied, 0.2, 1e-9);
  EXPECT_EQ(*turn.taken_at, 12U);
  EXPECT_NEAR(*turn.first, 0.5, 1e-9);
  EXPECT_NEAR(*turn.full, 0.5, 1e-9);
  EXPECT_NEAR(*turn.full_heard, 1.0, 1e-9) << "half a second ahead of the playhead";
}

TEST(Ear, SharedValuesAreHeardFirstAndFullLater) {
  auto ear = ear_at_100("ch_g0", 2);
  ear.slice(100.1, slice(0.4, 0.3, 10, 0.1F), 1);
  ear.turned(101.0, 2.25);
  ear.update(101.2, params("ch_g0", 2.25, 12));
  ear.slice(101.3, slice(1.5, 0.3, 12, 0.1F), 1);
  ear.slice(101.4, slice(1.6, 0.3, 13, 0.1F), 1);
  ear.slice(101.5, slice(1.7, 0.3, 14, 0.1F), 1);
  ear.slice(101.6, slice(1.8, 0.3, 15, 0.1F), 1);
  const auto turn = ear.heard(101.7).turns.at(0);
  EXPECT_NEAR(*turn.first, 0.4, 1e-9);
  EXPECT_NEAR(*turn.first_heard, 0.6, 1e-9);
  EXPECT_NEAR(*turn.full, 0.6, 1e-9);
}

TEST(Ear, ChangesAreSeenInSoundThatWentAroundUnchanged) {
  auto ear = ear_at_100();
  ear.slice(100.1, slice(0.4, 0.3, 1, 0.1F), 1);
  ear.slice(104.3, slice(0.4, 0.3, 2, 0.1F), 1);  // a lap later the same again
  ear.turned(104.4, 0.75);
  ear.slice(104.45, slice(0.5, 0.2, 3, 0.1F), 1);
  ear.slice(104.9, slice(0.6, 0.3, 4, 0.2F), 1);  // changes, behind the playhead
  ear.slice(105.0, slice(1.4, 0.3, 5, 0.2F), 1);
  ear.turned(106.0, 0.35);
  ear.slice(106.1, slice(2.6, 0.3, 6, 0.4F), 1);
  const auto heard = ear.heard(106.2);
  EXPECT_NEAR(*heard.turns.at(0).changed, 0.6, 1e-9);
  EXPECT_NEAR(*heard.turns.at(0).changed_heard, 1.0, 1e-9);
  EXPECT_FALSE(heard.turns.at(0).applied) << "the server never said so";
  EXPECT_FALSE(heard.turns.at(1).still) << "what lies ahead is of the value before the last";
  EXPECT_FALSE(heard.turns.at(1).changed);
}

TEST(Ear, ALapAfterTheLastTurnWasFullSoundStandsStillAgain) {
  auto ear = ear_at_100();
  ear.slice(100.1, slice(0.4, 0.3, 1, 0.1F), 1);
  ear.turned(102.0, 0.75);
  ear.update(102.1, params("denoise", 0.75, 1));
  ear.slice(102.5, slice(2.8, 0.3, 6, 0.2F), 1);  // full
  ear.turned(106.0, 0.35);                        // three and a half seconds later
  ear.update(106.1, params("denoise", 0.35, 6));
  ear.slice(106.5, slice(2.8, 0.3, 11, 0.1F), 1);
  ear.turned(110.6, 0.75);
  const auto turns = ear.heard(110.7).turns;
  EXPECT_FALSE(turns.at(0).still) << "within the first lap";
  EXPECT_FALSE(turns.at(1).still);
  EXPECT_TRUE(turns.at(2).still);
}

TEST(Metrics, AreReadAsTheServerWritesThem) {
  const auto memory = read_metrics(
      "# HELP headroom_memory_reserved_bytes Leases of the ledger.\n"
      "headroom_memory_reserved_bytes{owner=\"a b\",kind=\"weights\"} 700\n"
      "headroom_memory_reserved_bytes{owner=\"c\",kind=\"latents\"} 50.5\n"
      "headroom_memory_used_bytes 1e3\nheadroom_slices_dropped_total 3\nhalf a line");
  EXPECT_EQ(memory.leased, 750.5);
  EXPECT_EQ(memory.used, 1000.0);
  EXPECT_EQ(memory.slices_dropped, 3.0);
  EXPECT_FALSE(memory.pool);
  EXPECT_FALSE(read_metrics("").leased);
}

TEST(WireAddress, SaysWhereOrRefuses) {
  const auto whole = parse_wire_address("ws://studio.local:4000/x?token=1");
  EXPECT_EQ(whole.host, "studio.local");
  EXPECT_EQ(whole.port, 4000);
  EXPECT_EQ(whole.target, "/x?token=1");
  EXPECT_EQ(parse_wire_address("ws://127.0.0.1").port, 1318);
  for (const char* bad : {"", "ws://", "http://a:1", "wss://a", "ws://a:", "ws://a:0",
                          "ws://a:70000", "ws://a:1b", "ws://a b", "ws://u@h:1"})
    EXPECT_ERROR((void)parse_wire_address(bad), ErrorKind::usage, "ws://HOST:PORT");
}

}  // namespace
}  // namespace headroom::server
