#include "memory/caching_pool.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace headroom::memory {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

// Hands out addresses without memory behind them, and may run dry.
class PaperMemory : public SegmentSource {
 public:
  std::byte* map(std::uint64_t bytes) override { return take(bytes); }
  void unmap(std::byte*, std::uint64_t bytes) override { mapped -= bytes; }
  std::byte* reserve(std::uint64_t bytes) override {
    auto* begin = next_;
    next_ += bytes;
    return begin;
  }
  bool commit(std::byte*, std::uint64_t bytes) override {
    if (mapped + bytes > limit) return false;
    mapped += bytes;
    return true;
  }
  void decommit(std::byte*, std::uint64_t bytes) override { mapped -= bytes; }
  void release(std::byte*, std::uint64_t) override {}

  std::uint64_t mapped = 0;
  std::uint64_t limit = ~std::uint64_t{0};

 private:
  std::byte* take(std::uint64_t bytes) {
    if (mapped + bytes > limit) return nullptr;
    mapped += bytes;
    return reserve(bytes);
  }
  std::byte* next_ = reinterpret_cast<std::byte*>(std::uintptr_t{1} << 44U);
};

class CachingPoolTest : public testing::TestWithParam<bool> {
 protected:
  PaperMemory memory_;
  CachingPool pool_{memory_, {.cap = 256 * kMiB, .expandable = GetParam()}};
};

TEST_P(CachingPoolTest, RoundsToItsUnit) {
  auto* block = pool_.allocate(1);
  ASSERT_NE(block, nullptr);
  EXPECT_EQ(pool_.stats().used, kRounding);
  EXPECT_EQ(pool_.stats().reserved, kSmallSegment);
  EXPECT_EQ(pool_.free(block), kRounding);
  EXPECT_EQ(pool_.stats().used, 0U);
  EXPECT_EQ(pool_.stats().reserved, kSmallSegment) << "freed memory stays in the pool";
}

TEST_P(CachingPoolTest, ReusesWhatWasFreed) {
  auto* first = pool_.allocate(30 * kMiB);
  pool_.free(first);
  EXPECT_EQ(pool_.allocate(30 * kMiB), first);
  EXPECT_LE(pool_.stats().reserved, 40 * kMiB);
}

TEST_P(CachingPoolTest, MergesNeighbours) {
  auto* a = pool_.allocate(6 * kMiB);
  auto* b = pool_.allocate(6 * kMiB);
  auto* c = pool_.allocate(6 * kMiB);
  pool_.free(a);
  pool_.free(c);
  pool_.free(b);
  EXPECT_STREQ(pool_.check(), "");
  EXPECT_GE(pool_.stats().largest_free, 18 * kMiB);
}

TEST_P(CachingPoolTest, KeepsToItsCap) {
  std::vector<std::byte*> blocks;
  while (auto* block = pool_.allocate(20 * kMiB)) blocks.push_back(block);
  EXPECT_GE(blocks.size(), 11U);
  EXPECT_LE(pool_.stats().peak_reserved, 256 * kMiB);
  EXPECT_EQ(pool_.stats().refusals, 1U);
  for (auto* block : blocks) pool_.free(block);
  EXPECT_NE(pool_.allocate(200 * kMiB), nullptr)
      << "idle memory must be given up before a request is refused";
  EXPECT_STREQ(pool_.check(), "");
}

TEST_P(CachingPoolTest, TrimGivesBackWhatNobodyUses) {
  auto* kept = pool_.allocate(3 * kMiB);
  auto* big = pool_.allocate(100 * kMiB);
  pool_.free(big);
  EXPECT_GE(pool_.trim(), 80 * kMiB);
  EXPECT_EQ(pool_.stats().used, 3 * kMiB);
  EXPECT_LE(pool_.stats().reserved, 20 * kMiB);
  pool_.free(kept);
  pool_.trim();
  EXPECT_EQ(pool_.stats().reserved, 0U);
  EXPECT_EQ(memory_.mapped, 0U);
}

TEST_P(CachingPoolTest, AnswersASystemThatHasNoMore) {
  memory_.limit = 45 * kMiB;
  auto* first = pool_.allocate(35 * kMiB);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(pool_.allocate(25 * kMiB), nullptr);
  EXPECT_STREQ(pool_.check(), "");
  pool_.free(first);
  EXPECT_NE(pool_.allocate(25 * kMiB), nullptr);
}

TEST_P(CachingPoolTest, RefusesAbsurdSizes) {
  EXPECT_EQ(pool_.allocate(~std::uint64_t{0}), nullptr);
  EXPECT_EQ(pool_.allocate(~std::uint64_t{0} - 100), nullptr);
  EXPECT_STREQ(pool_.check(), "");
}

TEST_P(CachingPoolTest, HoldsItsInvariantsThroughAnyProgram) {
  std::mt19937 random(7);
  struct Held {
    std::byte* block;
    std::uint64_t size;
  };
  std::vector<Held> held;
  std::uint64_t used = 0;
  for (int i = 0; i < 30'000; ++i) {
    const auto dice = random() % 100;
    if (dice < 52) {
      const auto size = std::uint64_t{1} << (random() % 26);
      const auto bytes = size + random() % size;
      if (auto* block = pool_.allocate(bytes)) {
        held.push_back({block, bytes});
        for (const auto& other : held) {
          ASSERT_TRUE(other.block == block || other.block + other.size <= block ||
                      block + bytes <= other.block)
              << "two users of the same memory";
        }
      }
    } else if (dice < 99 && !held.empty()) {
      const auto at = random() % held.size();
      pool_.free(held[at].block);
      held[at] = held.back();
      held.pop_back();
    } else {
      pool_.trim();
    }
    if (i % 50 == 0) {
      ASSERT_STREQ(pool_.check(), "") << "after step " << i;
      ASSERT_EQ(memory_.mapped, pool_.stats().reserved);
      ASSERT_LE(pool_.stats().reserved, 256 * kMiB);
    }
  }
  for (const auto& block : held) used += pool_.free(block.block);
  EXPECT_GT(used, 0U);
  pool_.trim();
  EXPECT_EQ(pool_.stats().reserved, 0U) << "idle returns to the floor";
}

INSTANTIATE_TEST_SUITE_P(Kinds, CachingPoolTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "expandable" : "segments"; });

// What `expandable` is for: free memory in small pieces between used ones serves a large request.
TEST(CachingPoolFragmentation, ExpandableMemoryIsNotLostToFragments) {
  const auto largest_after = [](bool expandable) {
    PaperMemory memory;
    CachingPool pool(memory, {.cap = 200 * kMiB, .expandable = expandable});
    std::vector<std::byte*> blocks;
    for (int i = 0; i < 9; ++i) blocks.push_back(pool.allocate(20 * kMiB));
    for (size_t i = 0; i < blocks.size(); i += 2) pool.free(blocks[i]);
    return pool.allocate(110 * kMiB) != nullptr;
  };
  EXPECT_TRUE(largest_after(true));
  EXPECT_TRUE(largest_after(false))
      << "whole free segments are trimmed, so segments of their own do as well";
}

}  // namespace
}  // namespace headroom::memory
