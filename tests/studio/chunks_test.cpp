#include "studio/chunks.h"

#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "expect_error.h"
#include "studio/piece.h"

namespace headroom::studio {
namespace {

// Uniform integers from our own generator: the same lengths on every machine.
class Random {
 public:
  std::int64_t in(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(generator_.next() %
                                             static_cast<std::uint64_t>(most - least + 1));
  }

 private:
  diffusion::NoiseGenerator generator_{1};
};

void expect_tiling(const std::vector<Chunk>& chunks, std::int64_t length) {
  std::int64_t at = 0;
  for (const auto& chunk : chunks) {
    ASSERT_EQ(chunk.core_begin, at) << "gap or overlap of cores";
    ASSERT_GT(chunk.core_end, chunk.core_begin);
    ASSERT_LE(chunk.begin, chunk.core_begin);
    ASSERT_GE(chunk.end, chunk.core_end);
    ASSERT_GE(chunk.begin, 0);
    ASSERT_LE(chunk.end, length);
    at = chunk.core_end;
  }
  ASSERT_EQ(at, length);
}

TEST(PlanEncode, TilesEveryLengthWithItsMargins) {
  Random random;
  for (int i = 0; i < 5000; ++i) {
    EncodeLimits limits{.most_samples = random.in(1, 2'000'000),
                        .least_samples = 0,
                        .hop = random.in(1, 2000),
                        .margin = random.in(0, 80)};
    const auto samples = random.in(1, 10'000'000);
    const auto core = limits.most_samples / limits.hop - 2 * limits.margin;
    if (samples > limits.most_samples && core <= 0) {
      EXPECT_ERROR((void)plan_encode(samples, limits), ErrorKind::usage, "leaves nothing");
      continue;
    }
    if (samples / limits.hop / std::max<std::int64_t>(1, core) > 20000) continue;
    // At least as much context as a fixed-shape encoder wants, where there is any.
    limits.least_samples =
        random.in(0, 1) * random.in(0, std::max<std::int64_t>(0, limits.most_samples));
    const auto frames = (samples + limits.hop - 1) / limits.hop;
    const auto least = (limits.least_samples + limits.hop - 1) / limits.hop;
    const auto chunks = plan_encode(samples, limits);
    expect_tiling(chunks, frames);
    if (chunks.size() == 1) continue;
    for (const auto& chunk : chunks) {
      ASSERT_TRUE(chunk.begin == 0 || chunk.core_begin - chunk.begin >= limits.margin);
      ASSERT_TRUE(chunk.end == frames || chunk.end - chunk.core_end >= limits.margin);
      ASSERT_GE(chunk.length(), std::min(least, frames)) << "shorter than the encoder takes";
      ASSERT_LE(chunk.length() * limits.hop, std::max(limits.most_samples, least * limits.hop));
    }
  }
}

TEST(PlanTiles, TilesEveryLength) {
  Random random;
  for (int i = 0; i < 5000; ++i) {
    const auto overlap = random.in(0, 100);
    const auto chunk = random.in(2 * overlap + 1, 2 * overlap + 600);
    const auto length = random.in(1, 50'000);
    if (length / (chunk - 2 * overlap) > 20000) continue;
    const auto tiles = plan_tiles(length, chunk, overlap);
    expect_tiling(tiles, length);
    for (const auto& tile : tiles) ASSERT_LE(tile.length(), chunk);
  }
  EXPECT_ERROR((void)plan_tiles(100, 20, 10), ErrorKind::usage, "keep nothing");
}

TEST(PlanWindow, KeepsInsideThePieceAndDecodesOneShape) {
  Random random;
  for (int i = 0; i < 20000; ++i) {
    const auto length = random.in(1, 500);
    const double start = static_cast<double>(random.in(-50, 25'000)) / 1000.0;
    const double seconds = static_cast<double>(random.in(-10, 500)) / 1000.0;
    const bool cyclic = random.in(0, 1) == 1;
    const auto window = plan_window(length, start, seconds, cyclic);
    ASSERT_GE(window.at, 0);
    ASSERT_GE(window.keep_count, 1);
    ASSERT_LE(window.at + window.keep_count, length);
    ASSERT_LE(window.keep_begin + window.keep_count,
              static_cast<std::int64_t>(window.frames.size()));
    for (std::int64_t k = 0; k < window.keep_count; ++k) {
      ASSERT_EQ(window.frames[static_cast<size_t>(window.keep_begin + k)], window.at + k)
          << "kept frames must be their own";
    }
    const bool whole = seconds <= 0.0 || static_cast<std::int64_t>(window.frames.size()) == length;
    if (!whole) {
      ASSERT_EQ(window.frames.size(), static_cast<size_t>(kWindowFrames));
    }
  }
}

TEST(PlanSections, OverlapAndCoverEveryLength) {
  for (std::int64_t frames = 1; frames < 40'000; frames += 37) {
    const auto sections = plan_sections(frames, 5);
    ASSERT_EQ(sections.front().begin, 0);
    ASSERT_EQ(sections.back().end, frames);
    for (size_t i = 0; i < sections.size(); ++i) {
      ASSERT_EQ(sections[i].begin % 5, 0) << "a section must start on a semantic token";
      ASSERT_LE(sections[i].length(), kSectionFrames + 4);
      if (i == 0) continue;
      ASSERT_GE(sections[i - 1].end - sections[i].begin, kSectionOverlap);
      ASSERT_GT(sections[i].begin, sections[i - 1].begin);
    }
  }
}

}  // namespace
}  // namespace headroom::studio
