#include "library/pending_stems.h"

#include <atomic>
#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace headroom::library {
namespace {

TEST(PendingStems, WaitersHearOnceAndInOrder) {
  PendingStems stems;
  EXPECT_TRUE(stems.mark("t"));
  EXPECT_FALSE(stems.mark("t"));
  std::vector<int> heard;
  auto first =
      stems.wait("t", [&](const StemsOutcome& o) { heard.push_back(o.reason == "why" ? 1 : 0); });
  auto second = stems.wait("t", [&](const StemsOutcome&) {
    heard.push_back(2);
    EXPECT_FALSE(stems.pending("t")) << "called after it was un-marked, and without the lock";
  });
  auto third = stems.wait("t", [&](const StemsOutcome&) { heard.push_back(3); });
  third.cancel();
  EXPECT_FALSE(stems.wait("other", [&](const StemsOutcome&) { heard.push_back(4); }));
  stems.resolve("t", {StemsOutcome::End::failed, "why"});
  stems.resolve("t", {});
  EXPECT_EQ(heard, (std::vector<int>{1, 2}));
  EXPECT_EQ(stems.count(), 0U);
}

// S51: whoever asks either sees it pending, and is called, or sees it done.
TEST(PendingStems, NobodyIsForgottenUnderAnySchedule) {
  for (int round = 0; round < 300; ++round) {
    PendingStems stems;
    stems.mark("t");
    std::atomic<bool> on_disk{false};
    std::atomic<int> called{0};
    std::atomic<int> waited{0};
    std::vector<std::thread> askers;
    std::vector<PendingStems::Wait> waits(3);
    for (int i = 0; i < 3; ++i) {
      askers.emplace_back([&, i] {
        waits[i] = stems.wait("t", [&](const StemsOutcome&) {
          EXPECT_TRUE(on_disk);
          ++called;
        });
        if (waits[i]) {
          ++waited;
        } else {
          EXPECT_TRUE(on_disk) << "not pending means the files are there";
        }
      });
    }
    on_disk = true;
    stems.resolve("t", {});
    for (auto& asker : askers) asker.join();
    EXPECT_EQ(called, waited);
  }
}

}  // namespace
}  // namespace headroom::library
