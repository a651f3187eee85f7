// Runs every file of a fuzzer's seed corpus through its entry point.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace headroom {

/// A seed called valid-… must be taken, one called bad-… refused; others (found crashes) only have
/// to return.
template <class Entry>
void replay_corpus(const std::string& name, Entry&& entry) {
  size_t count = 0;
  const auto folder = std::filesystem::path(HEADROOM_SOURCE_DIR) / "fuzz/corpus" / name;
  for (const auto& item : std::filesystem::directory_iterator(folder)) {
    const auto seed = item.path().filename().string();
    SCOPED_TRACE(seed);
    std::ifstream file(item.path(), std::ios::binary);
    const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(file), {}};
    const bool taken = entry(std::span<const std::uint8_t>(bytes));
    if (seed.starts_with("valid-") || seed.starts_with("bad-")) {
      EXPECT_EQ(taken, seed.starts_with("valid-"));
    }
    ++count;
  }
  EXPECT_GE(count, 10U);
}

}  // namespace headroom
