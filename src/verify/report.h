// What a verification found, for people and for programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace headroom::verify {

enum class Status {
  passed,
  failed,        // over its tolerance, of another shape, or not a number
  not_computed,  // the file has an output that this build does not produce: a failure
  skipped,       // the same, of a feature that the file calls optional
};

/// "passed", "failed", "not computed", "skipped, optional".
std::string_view to_string(Status status);

/// One tensor of a golden.
struct TensorReport {
  std::string name;
  Status status = Status::failed;
  double largest_error = 0.0;  // NaN when there is nothing to compare
  double allowed = 0.0;        // 0: must be exact
  /// Largest error as a share of what is allowed, at the element where that share is largest; of an
  /// exact tensor 0 or infinite.
  double share = 0.0;
  std::int64_t mismatches = 0;  // elements that are over
  std::int64_t elements = 0;
  std::string detail{};  // why, when the numbers do not say it
};

struct FileReport {
  std::string file;
  std::string kind;
  std::vector<TensorReport> tensors{};
  bool passed = false;  // no tensor failed or is missing, and at least one passed
};

/// A line for the file and one for each tensor, aligned.
std::string to_text(const FileReport& report);

/// {"file", "kind", "passed", "tensors": [{"name", "status", "largest_error", "allowed", "share",
/// "mismatches", "elements"[, "detail"]}]}; numbers that are not finite are null.
nlohmann::json to_json(const FileReport& report);

}  // namespace headroom::verify
