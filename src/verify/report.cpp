#include "verify/report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/json.h"

namespace headroom::verify {
namespace {

nlohmann::json number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

std::string describe(const TensorReport& tensor) {
  if (!tensor.detail.empty()) return tensor.detail;
  if (tensor.status == Status::skipped || tensor.status == Status::not_computed) return "";
  if (tensor.allowed == 0.0) {
    return tensor.mismatches == 0
               ? "exact"
               : fmt::format("{} of {} elements differ, largest error {:.3g}", tensor.mismatches,
                             tensor.elements, tensor.largest_error);
  }
  return fmt::format("largest error {:.3g}, allowed {:.3g}", tensor.largest_error, tensor.allowed);
}

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::passed:
      return "passed";
    case Status::failed:
      return "failed";
    case Status::not_computed:
      return "not computed";
    case Status::skipped:
      return "skipped, optional";
  }
  return "failed";
}

std::string to_text(const FileReport& report) {
  size_t width = 0;
  for (const auto& tensor : report.tensors) width = std::max(width, tensor.name.size());
  auto text =
      fmt::format("{} ({}): {}\n", report.file, report.kind, report.passed ? "passed" : "FAILED");
  for (const auto& tensor : report.tensors) {
    const auto line = fmt::format("  {:<{}}  {:<12}  {}", tensor.name, width,
                                  to_string(tensor.status), describe(tensor));
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

nlohmann::json to_json(const FileReport& report) {
  auto tensors = nlohmann::json::array();
  for (const auto& tensor : report.tensors) {
    nlohmann::json entry{{"name", tensor.name},
                         {"status", to_string(tensor.status)},
                         {"largest_error", number(tensor.largest_error)},
                         {"allowed", number(tensor.allowed)},
                         {"share", number(tensor.share)},
                         {"mismatches", tensor.mismatches},
                         {"elements", tensor.elements}};
    if (!tensor.detail.empty()) entry["detail"] = tensor.detail;
    tensors.push_back(std::move(entry));
  }
  return {{"file", report.file},
          {"kind", report.kind},
          {"passed", report.passed},
          {"tensors", std::move(tensors)}};
}

}  // namespace headroom::verify
