// The recorded protocol: files under tests/golden/protocol, and the test signal they are made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"

namespace headroom::wire {

inline std::vector<std::uint8_t> golden_bytes(const std::string& name) {
  const auto path = std::filesystem::path(HEADROOM_GOLDEN_DIR) / "protocol" / name;
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline nlohmann::json golden_json(const std::string& name) {
  const auto bytes = golden_bytes(name);
  return nlohmann::json::parse(bytes.begin(), bytes.end());
}

/// The generator of tests/golden/protocol: stereo noise from a seed.
inline std::vector<float> golden_signal(std::uint32_t seed, std::size_t frames) {
  std::vector<float> samples(frames * 2);
  std::uint32_t x = seed;
  for (auto& sample : samples) {
    x = 1664525U * x + 1013904223U;
    sample = (static_cast<float>(x >> 8U) / 8388608.0F - 1.0F) * 0.5F;
  }
  return samples;
}

/// Every member of `wanted` is in `found` with the same value; more members are allowed.
inline void expect_contains(const nlohmann::json& found, const nlohmann::json& wanted,
                            const std::string& path = "") {
  if (wanted.is_object()) {
    ASSERT_TRUE(found.is_object()) << path;
    for (const auto& [name, value] : wanted.items()) {
      ASSERT_TRUE(found.contains(name)) << path << "." << name << " is missing";
      expect_contains(found[name], value, path + "." + name);
    }
  } else if (wanted.is_array()) {
    ASSERT_EQ(found.size(), wanted.size()) << path;
    for (std::size_t i = 0; i < wanted.size(); ++i)
      expect_contains(found[i], wanted[i], path + "[" + std::to_string(i) + "]");
  } else {
    EXPECT_EQ(found, wanted) << path;
  }
}

}  // namespace headroom::wire
