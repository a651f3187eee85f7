#include "verify/golden.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/strict_json.h"
#include "tensor/checkpoint.h"

namespace headroom::verify {
namespace {

constexpr int kDeepestJson = 64;

nlohmann::json parse_object(const SafetensorsFile& file, const std::string& key,
                            const std::string& label) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) return nlohmann::json::object();
  auto json = parse_strict_json(found->second, ErrorKind::input,
                                fmt::format("{}: metadata '{}'", label, key), kDeepestJson);
  if (!json.is_object()) {
    throw Error(ErrorKind::input, fmt::format("{}: metadata '{}' is not an object", label, key));
  }
  return json;
}

}  // namespace

Golden::Golden(SafetensorsFile file) : file_(std::move(file)) {
  label_ = printable(file_.path().filename().string());
  config_ = parse_object(file_, "config", label_);
  notes_ = parse_object(file_, "notes", label_);
  const auto text = [&](const char* key) {
    const auto found = file_.metadata().find(key);
    return found == file_.metadata().end() ? std::string() : found->second;
  };
  kind_ = text("golden");
  if (kind_.empty() && config_.contains("golden") && config_["golden"].is_string())
    kind_ = config_["golden"].get<std::string>();
  if (kind_.empty()) kind_ = text("kind");
  if (kind_.empty()) {
    throw Error(ErrorKind::input,
                fmt::format("{}: is not a golden file: it does not say which kind it is", label_));
  }
}

Golden Golden::open(const std::filesystem::path& path) {
  try {
    return Golden(SafetensorsFile::open(path));
  } catch (const Error& error) {
    // To the user of `verify` the file is an input, not part of a model.
    throw Error(ErrorKind::input, error.what());
  }
}

nlohmann::json Golden::metadata(const std::string& key) const {
  const auto found = file_.metadata().find(key);
  if (found == file_.metadata().end()) return nullptr;
  if (!nlohmann::json::accept(found->second)) return found->second;
  return parse_strict_json(found->second, ErrorKind::input,
                           fmt::format("{}: metadata '{}'", label_, key), kDeepestJson);
}

at::Tensor Golden::tensor(const std::string& name) const {
  if (file_.find(name) == nullptr) {
    throw Error(ErrorKind::input,
                fmt::format("{}: tensor '{}' is missing", label_, printable(name)));
  }
  return file_.tensor(name);
}

std::vector<std::string> Golden::names(std::string_view prefix) const {
  std::vector<std::string> found;
  for (const auto& entry : file_.entries()) {
    if (entry.name.starts_with(prefix)) found.push_back(entry.name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool Golden::has(const std::string& name) const { return file_.find(name) != nullptr; }

std::vector<std::int64_t> Golden::shape_of(const std::string& name) const {
  return tensor(name).sizes().vec();
}

at::Tensor Golden::get(const std::string& name, at::IntArrayRef shape) {
  auto found = tensor(name);
  if (found.sizes() != shape) {
    throw Error(ErrorKind::input,
                fmt::format("{}: tensor '{}' has shape {}, but its config asks for {}", label_,
                            printable(name), shape_text(found.sizes()), shape_text(shape)));
  }
  return found;
}

}  // namespace headroom::verify
