#include "memory/schedule.h"

#include <random>

#include <gtest/gtest.h>

namespace headroom::memory {
namespace {

using std::chrono::steady_clock;

TEST(Schedule, RealtimeThenDeadlineThenTurns) {
  const steady_clock::time_point soon(std::chrono::seconds(1));
  const steady_clock::time_point later(std::chrono::seconds(2));
  std::vector<Waiting> waiting{
      {Priority::background, soon, 0, 0},       {Priority::interactive, later, 5, 0},
      {Priority::interactive, soon, 9, 0},      {Priority::interactive, std::nullopt, 1, 0},
      {Priority::realtime, std::nullopt, 7, 0}, {Priority::realtime, std::nullopt, 6, 0}};
  const auto order = [&] {
    std::string story;
    auto left = waiting;
    std::vector<size_t> names{0, 1, 2, 3, 4, 5};
    while (const auto i = choose_next(left, false)) {
      story += std::to_string(names[*i]);
      left.erase(left.begin() + static_cast<long>(*i));
      names.erase(names.begin() + static_cast<long>(*i));
    }
    return story;
  };
  EXPECT_EQ(order(), "542130");
  EXPECT_FALSE(choose_next({}, true));
}

TEST(Schedule, NobodyStarvesAndRealtimeWaitsForOneForeignStep) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const auto count = 1 + random() % 12;
    std::vector<Waiting> waiting(count);
    for (size_t i = 0; i < count; ++i) {
      waiting[i].priority = static_cast<Priority>(random() % 3);
      waiting[i].last_turn = 0;
    }
    waiting[0].priority = Priority::realtime;  // ticks that never end
    bool aged_turn = true;
    size_t foreign = 0;
    const auto bound = kMostPasses + 2 * count;
    for (std::uint64_t turn = 1; turn < 400; ++turn) {
      const auto chosen = choose_next(waiting, aged_turn);
      ASSERT_TRUE(chosen);
      aged_turn = !(aged_turn && is_aged(waiting[*chosen]));
      foreign = waiting[*chosen].priority == Priority::realtime ? 0 : foreign + 1;
      ASSERT_LE(foreign, 1U) << "realtime waits for at most one foreign step in two";
      for (size_t i = 0; i < count; ++i) {
        waiting[i].passes = i == *chosen ? 0 : waiting[i].passes + 1;
        ASSERT_LE(static_cast<size_t>(waiting[i].passes), bound)
            << "task " << i << " of " << count << " in round " << round;
      }
      waiting[*chosen].last_turn = turn;
    }
  }
}

}  // namespace
}  // namespace headroom::memory
