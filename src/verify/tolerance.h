// How far a result may be from the recorded one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include <ATen/ATen.h>
#include <nlohmann/json_fwd.hpp>

#include "verify/report.h"

namespace headroom::verify {

/// |a − b| ≤ absolute·scale + relative·|b| for every element, where scale is max(1, max|b|) with
/// `by_largest` and 1 without. Both 0: the numbers must be equal.
struct Rule {
  double absolute = 0.0;
  double relative = 0.0;
  bool by_largest = false;
  /// NaN in the file says that there is nothing: the result must be NaN in the same places.
  bool nan_is_nothing = false;
};
inline constexpr Rule kExact{};

/// The tolerances that a golden states for itself.
class Tolerance {
 public:
  /// The metadata value: an object {"default", "per_output", "exact", "optional",
  /// "ignore_rows_where_mask_is_zero"}, the string "exact", or nothing of the kind (prose), in
  /// which case every result needs a rule of its own. Throws Error(input) beginning with `label`
  /// for a number that is negative or not finite.
  static Tolerance parse(const nlohmann::json& json, const std::string& label);

  /// What the file states for `name`; nothing when it states nothing that a program can read.
  std::optional<Rule> rule(const std::string& name) const;
  bool optional(const std::string& name) const { return optional_.contains(name); }
  /// The mask of whose zero rows `name` says nothing; empty when all rows count.
  std::string mask_of(const std::string& name) const;

 private:
  std::optional<Rule> otherwise_;
  std::map<std::string, Rule> rules_;
  std::set<std::string> optional_;
  std::map<std::string, std::string> masks_;
};

/// Holds `result` against `expected`, both of any numeric dtype. `rows`, when defined, has the
/// leading dimensions of `expected`; where it is 0, nothing is compared. A shape that differs and a
/// value that is not finite fail, whatever the rule.
TensorReport compare(const std::string& name, const at::Tensor& result, const at::Tensor& expected,
                     const Rule& rule, const at::Tensor& rows = {});

}  // namespace headroom::verify
