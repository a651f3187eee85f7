#include "memory/ledger.h"

#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "base/json.h"

namespace headroom::memory {
namespace {

LeaseRequest request(std::uint64_t bytes, const char* name = "part") {
  return {.name = name, .purpose = Purpose::weights, .bytes = bytes, .owner = "test"};
}

TEST(Ledger, GrantsUpToTheBudgetAndSaysWhatIsMissing) {
  Ledger ledger(100);
  auto first = ledger.lease(request(60, "decoder"));
  ASSERT_TRUE(first);
  const auto refused = ledger.lease(request(50));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().asked, 50U);
  EXPECT_EQ(refused.error().free, 40U);
  EXPECT_EQ(refused.error().missing(), 10U);
  EXPECT_NE(refused.error().text("part").find("decoder"), std::string::npos)
      << "the message must say where to look";
  EXPECT_EQ(ledger.leased(), 60U) << "a refusal changes nothing";
  EXPECT_TRUE(ledger.lease(request(40)));
}

TEST(Ledger, GetsBackWhatALeaseHeld) {
  Ledger ledger(100);
  {
    auto granted = ledger.lease(request(100));
    ASSERT_TRUE(granted);
    Lease moved = std::move(granted).value();
    EXPECT_FALSE(ledger.fits(1));
    moved = Lease();
    EXPECT_TRUE(ledger.fits(100));
  }
  EXPECT_EQ(ledger.leased(), 0U);
  EXPECT_EQ(ledger.peak(), 100U);
}

TEST(Ledger, ResizesWithinTheBudgetOnly) {
  Ledger ledger(100);
  Lease lease = ledger.lease(request(50)).value();
  EXPECT_TRUE(lease.resize(100));
  EXPECT_FALSE(lease.resize(101));
  EXPECT_EQ(lease.bytes(), 100U);
  EXPECT_TRUE(lease.resize(10));
  EXPECT_EQ(ledger.leased(), 10U);
}

TEST(Ledger, OfAShrunkenBudgetRefusesUntilEnoughCameBack) {
  Ledger ledger(100);
  Lease lease = ledger.lease(request(80)).value();
  EXPECT_EQ(ledger.set_budget(50), 100U);
  EXPECT_FALSE(ledger.fits(0));
  EXPECT_FALSE(ledger.lease(request(1)));
  EXPECT_TRUE(lease.resize(40)) << "shrinking is always allowed";
  EXPECT_TRUE(ledger.lease(request(10)));
}

TEST(Ledger, RefusesHugeRequestsWithoutOverflow) {
  Ledger ledger(100);
  Lease lease = ledger.lease(request(1)).value();
  EXPECT_FALSE(ledger.lease(request(~std::uint64_t{0})));
  EXPECT_FALSE(lease.resize(~std::uint64_t{0}));
}

TEST(Ledger, TellsEveryTransitionInOrder) {
  std::vector<std::string> story;
  Ledger ledger(100, [&](const LedgerEvent& event) {
    story.push_back(std::string(to_string(event.kind)) + " " + event.lease.name + " " +
                    std::to_string(event.leased));
  });
  {
    Lease a = ledger.lease(request(60, "a")).value();
    (void)ledger.lease(request(60, "b"));
    EXPECT_TRUE(a.resize(70));
  }
  EXPECT_EQ(story, (std::vector<std::string>{"granted a 60", "refused b 60", "resized a 70",
                                             "returned a 0"}));
}

TEST(Ledger, SnapshotAddsUp) {
  Ledger ledger(100);
  Lease a = ledger.lease(request(30, "a")).value();
  Lease b = ledger.lease(request(20, "b")).value();
  const auto snapshot = ledger.snapshot();
  EXPECT_EQ(snapshot["leased"], 50);
  EXPECT_EQ(snapshot["leases"].size(), 2U);
  EXPECT_EQ(snapshot["leases"][0]["name"], "a");
  EXPECT_EQ(snapshot["leases"][1]["purpose"], "weights");
}

TEST(Ledger, NeverExceedsItsBudgetUnderManyThreads) {
  std::uint64_t worst = 0;
  Ledger ledger(1000, [&](const LedgerEvent& event) { worst = std::max(worst, event.leased); });
  std::vector<std::jthread> threads;
  for (unsigned t = 0; t < 4; ++t) {
    threads.emplace_back([&ledger, t] {
      std::mt19937 random(t);
      std::vector<Lease> held;
      for (int i = 0; i < 5000; ++i) {
        auto granted = ledger.lease(request(random() % 300));
        if (granted) held.push_back(std::move(granted).value());
        if (!held.empty() && random() % 2 == 0)
          held.erase(held.begin() + static_cast<long>(random() % held.size()));
      }
    });
  }
  threads.clear();
  EXPECT_LE(worst, 1000U);
  EXPECT_GT(worst, 700U);
  EXPECT_EQ(ledger.leased(), 0U);
}

}  // namespace
}  // namespace headroom::memory
