// Recorded reference results: reading them, and the one rule by which results are compared.
#pragma once

#include <algorithm>
#include <string>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "tensor/safetensors.h"

namespace headroom {

/// One file of tests/golden/.
class Golden {
 public:
  explicit Golden(const std::string& name)
      : file_(SafetensorsFile::open(fmt::format("{}/{}.safetensors", HEADROOM_GOLDEN_DIR, name))) {}

  at::Tensor operator()(std::string_view name) const { return file_.tensor(name); }
  bool has(std::string_view name) const { return file_.find(name) != nullptr; }
  nlohmann::json config() const { return nlohmann::json::parse(file_.metadata().at("config")); }
  const SafetensorsFile& file() const { return file_; }

 private:
  SafetensorsFile file_;
};

/// max|a − b| / max(1, max|b|) in double; infinite for another shape or a NaN.
inline double golden_error(const at::Tensor& actual, const at::Tensor& expected) {
  if (actual.sizes() != expected.sizes()) return std::numeric_limits<double>::infinity();
  if (expected.numel() == 0) return 0.0;
  const auto a = actual.to(at::kDouble);
  const auto b = expected.to(at::kDouble);
  const double error = (a - b).abs().max().item<double>();
  if (std::isnan(error)) return std::numeric_limits<double>::infinity();
  return error / std::max(1.0, b.abs().max().item<double>());
}

/// Fails the test when the error is above `tolerance`; records it in the test's report.
inline void expect_golden(const at::Tensor& actual, const at::Tensor& expected, double tolerance,
                          const std::string& what) {
  const double error = golden_error(actual, expected);
  testing::Test::RecordProperty(what, fmt::format("{:.2e}", error));
  EXPECT_LE(error, tolerance) << what << ": shapes " << actual.sizes() << " and "
                              << expected.sizes();
}

}  // namespace headroom
