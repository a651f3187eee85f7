#include "verify/tolerance.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "tensor/checkpoint.h"

namespace headroom::verify {
namespace {

Rule parse_rule(const nlohmann::json& json, const std::string& label) {
  if (!json.is_number() || !std::isfinite(json.get<double>()) || json.get<double>() < 0.0) {
    throw Error(ErrorKind::input,
                fmt::format("{}: a tolerance must be a number that is not negative", label));
  }
  return {.absolute = json.get<double>(), .by_largest = true};
}

std::set<std::string> parse_names(const nlohmann::json& json, const char* key,
                                  const std::string& label) {
  if (!json.contains(key)) return {};
  try {
    return json[key].get<std::set<std::string>>();
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::input,
                fmt::format("{}: tolerance '{}' is not a list of names", label, key));
  }
}

// Only rows whose mask is not 0, as [rows, …].
at::Tensor chosen(const at::Tensor& x, const at::Tensor& rows) {
  if (!rows.defined()) return x;
  auto shape = x.sizes().slice(static_cast<size_t>(rows.dim())).vec();
  shape.insert(shape.begin(), rows.numel());
  return x.reshape(shape).index_select(0, rows.reshape({-1}).nonzero().view({-1}));
}

TensorReport failure(TensorReport report, std::string why) {
  report.status = Status::failed;
  report.largest_error = std::numeric_limits<double>::quiet_NaN();
  report.share = std::numeric_limits<double>::infinity();
  report.detail = std::move(why);
  return report;
}

}  // namespace

Tolerance Tolerance::parse(const nlohmann::json& json, const std::string& label) {
  Tolerance tolerance;
  if (json == "exact") tolerance.otherwise_ = kExact;
  if (!json.is_object()) return tolerance;
  if (json.contains("default")) tolerance.otherwise_ = parse_rule(json["default"], label);
  if (json.contains("per_output")) {
    for (const auto& [name, value] : json["per_output"].items())
      tolerance.rules_[name] = parse_rule(value, label);
  }
  for (const auto& name : parse_names(json, "exact", label)) tolerance.rules_[name] = kExact;
  tolerance.optional_ = parse_names(json, "optional", label);
  if (json.contains("ignore_rows_where_mask_is_zero")) {
    for (const auto& [name, mask] : json["ignore_rows_where_mask_is_zero"].items()) {
      if (mask.is_string()) tolerance.masks_[name] = mask.get<std::string>();
    }
  }
  return tolerance;
}

std::optional<Rule> Tolerance::rule(const std::string& name) const {
  const auto found = rules_.find(name);
  return found != rules_.end() ? found->second : otherwise_;
}

std::string Tolerance::mask_of(const std::string& name) const {
  const auto found = masks_.find(name);
  return found != masks_.end() ? found->second : std::string();
}

TensorReport compare(const std::string& name, const at::Tensor& result, const at::Tensor& expected,
                     const Rule& rule, const at::Tensor& rows) {
  TensorReport report{.name = name, .elements = expected.numel()};
  if (result.sizes() != expected.sizes()) {
    return failure(report, fmt::format("shape is {}, expected {}", shape_text(result.sizes()),
                                       shape_text(expected.sizes())));
  }
  auto a = chosen(result, rows).to(at::kDouble).reshape({-1});
  auto b = chosen(expected, rows).to(at::kDouble).reshape({-1});
  if (rule.nan_is_nothing) {
    const auto nothing = b.isnan();
    report.mismatches = a.isnan().ne(nothing).sum().item<std::int64_t>();
    if (report.mismatches > 0)
      return failure(report, fmt::format("{} elements are there in one and not in the other",
                                         report.mismatches));
    a = a.masked_fill(nothing, 0.0);
    b = b.masked_fill(nothing, 0.0);
  }
  report.elements = a.numel();
  report.status = Status::passed;
  if (a.numel() == 0) return report;
  if (!b.isfinite().all().item<bool>()) return failure(report, "the file holds NaN or infinity");
  const auto broken = a.numel() - a.isfinite().sum().item<std::int64_t>();
  if (broken > 0) {
    report.mismatches = broken;
    return failure(report, fmt::format("{} of {} elements are NaN or infinite", broken, a.numel()));
  }
  const auto error = (a - b).abs();
  const double scale = rule.by_largest ? std::max(1.0, b.abs().max().item<double>()) : 1.0;
  const auto allowed = b.abs() * rule.relative + rule.absolute * scale;
  report.mismatches = error.gt(allowed).sum().item<std::int64_t>();
  report.largest_error = error.max().item<double>();
  // 0/0 is a hit and x/0 a miss by any amount.
  const auto share = at::where(error.eq(0.0), at::zeros_like(error), error / allowed);
  const auto worst = share.argmax().item<std::int64_t>();
  report.share = share[worst].item<double>();
  report.allowed = allowed[worst].item<double>();
  if (report.mismatches > 0) report.status = Status::failed;
  return report;
}

}  // namespace headroom::verify
