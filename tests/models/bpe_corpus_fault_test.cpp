// The fuzzer's seeds through the same entry point in the ordinary build.
#include <gtest/gtest.h>

#include "../fuzz/bpe_entry.h"
#include "replay_corpus.h"

namespace headroom {
namespace {

TEST(Corpus, Bpe) {
  const auto golden = golden_bpe();
  replay_corpus("bpe", [&](std::span<const std::uint8_t> bytes) { return try_bpe(golden, bytes); });
}

}  // namespace
}  // namespace headroom
