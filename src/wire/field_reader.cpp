#include "wire/field_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "wire/knobs.h"

namespace headroom::wire {
namespace {

constexpr std::size_t kMostListed = 256;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace

std::string_view to_string(StemMode mode) {
  switch (mode) {
    case StemMode::full:
      return "full";
    case StemMode::vocals:
      return "vocals";
    case StemMode::instruments:
      return "instruments";
  }
  return "";
}

std::optional<StemMode> stem_mode_of(std::string_view text) {
  const auto word = lower(trimmed(text));
  for (const auto mode : {StemMode::full, StemMode::vocals, StemMode::instruments}) {
    if (word == to_string(mode)) return mode;
  }
  return std::nullopt;
}

std::string kind_of(const nlohmann::json& value) {
  switch (value.type()) {
    case nlohmann::json::value_t::null:
      return "null";
    case nlohmann::json::value_t::boolean:
      return "true or false";
    case nlohmann::json::value_t::string:
      return fmt::format("the text \"{}\"", printable(value.get_ref<const std::string&>(), 40));
    case nlohmann::json::value_t::array:
      return "a list";
    case nlohmann::json::value_t::object:
      return "an object";
    default:
      return "the number " + value.dump();
  }
}

std::optional<double> number_of(const nlohmann::json& value) {
  double read = std::nan("");
  if (value.is_number()) read = value.get<double>();
  if (value.is_string()) {
    const auto text = trimmed(value.get_ref<const std::string&>());
    const auto* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, read);
    if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  }
  return std::isfinite(read) ? std::optional(read) : std::nullopt;
}

FieldReader::FieldReader(const nlohmann::json& object, std::vector<Complaint>& complaints)
    : object_(object), complaints_(complaints) {}

const nlohmann::json* FieldReader::find(const char* name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool FieldReader::complain(const char* name, const nlohmann::json& found,
                           const std::string& expected) {
  complaints_.push_back(
      {name, fmt::format("{} is {}; {} is expected", name, kind_of(found), expected)});
  return false;
}

void FieldReader::must(const char* name, bool was_read) {
  if (was_read || refusal_) return;
  if (!complaints_.empty() && complaints_.back().field == name) {
    refusal_ = complaints_.back();
    complaints_.pop_back();
  } else {
    refusal_ = Complaint{name, fmt::format("{} is missing", name)};
  }
}

bool FieldReader::text(const char* name, std::string& out, std::size_t longest) {
  const auto* const value = find(name);
  if (value == nullptr) return false;
  if (!value->is_string()) return complain(name, *value, "a text");
  const auto& read = value->get_ref<const std::string&>();
  if (read.size() > longest)
    return complain(name, *value, fmt::format("a text of at most {} bytes", longest));
  out = read;
  return true;
}

bool FieldReader::text(const char* name, std::optional<std::string>& out, std::size_t longest) {
  std::string read;
  if (!text(name, read, longest)) return false;
  out = std::move(read);
  return true;
}

bool FieldReader::label(const char* name, std::optional<std::string>& out, std::size_t longest) {
  std::string read;
  if (!text(name, read, longest)) return false;
  const auto word = trimmed(read);
  if (word.empty()) return false;
  out = std::string(word);
  return true;
}

bool FieldReader::number(const char* name, double& out, double least, double most) {
  const auto* const value = find(name);
  if (value == nullptr) return false;
  const auto read = number_of(*value);
  if (!read) return complain(name, *value, fmt::format("a number from {} to {}", least, most));
  out = std::clamp(*read, least, most);
  return true;
}

bool FieldReader::number(const char* name, std::optional<double>& out, double least, double most) {
  double read = 0.0;
  if (!number(name, read, least, most)) return false;
  out = read;
  return true;
}

bool FieldReader::integer(const char* name, std::int64_t& out, std::int64_t least,
                          std::int64_t most) {
  const auto* const value = find(name);
  if (value == nullptr) return false;
  const auto read = number_of(*value);
  if (!read || std::trunc(*read) != *read)
    return complain(name, *value, fmt::format("a whole number from {} to {}", least, most));
  out = static_cast<std::int64_t>(
      std::clamp(*read, static_cast<double>(least), static_cast<double>(most)));
  return true;
}

bool FieldReader::flag(const char* name, bool& out) {
  const auto* const value = find(name);
  if (value == nullptr) return false;
  // Numbers as well: DEMON asks only whether a member is truthy.
  if (!value->is_boolean() && !value->is_number()) return complain(name, *value, "true or false");
  out = value->is_boolean() ? value->get<bool>() : value->get<double>() != 0.0;
  return true;
}

bool FieldReader::texts(const char* name, std::vector<std::string>& out, std::size_t longest,
                        const char* legacy) {
  const auto* const value = find(name);
  if (value == nullptr) {
    std::string single;
    if (legacy == nullptr || !text(legacy, single, longest) || single.empty()) return false;
    out = {std::move(single)};
    return true;
  }
  if (!value->is_array() || value->size() > kMostListed)
    return complain(name, *value, fmt::format("a list of at most {} texts", kMostListed));
  std::vector<std::string> read;
  for (const auto& item : *value) {
    if (!item.is_string() || item.get_ref<const std::string&>().size() > longest) {
      complain(name, item, fmt::format("a list of texts of at most {} bytes", longest));
    } else {
      read.push_back(item.get<std::string>());
    }
  }
  out = std::move(read);
  return true;
}

bool FieldReader::numbers(const char* name, std::map<std::string, double>& out, double least,
                          double most) {
  const auto* const value = find(name);
  if (value == nullptr) return false;
  if (!value->is_object() || value->size() > kMostListed)
    return complain(name, *value, fmt::format("an object of at most {} numbers", kMostListed));
  std::map<std::string, double> read;
  for (const auto& [key, item] : value->items()) {
    if (const auto number = number_of(item)) {
      read[key] = std::clamp(*number, least, most);
    } else {
      const auto path = fmt::format("{}.{}", name, printable(key, 60));
      complain(path.c_str(), item, fmt::format("a number from {} to {}", least, most));
    }
  }
  out = std::move(read);
  return true;
}

bool FieldReader::time_signature(const char* name, std::optional<std::string>& out) {
  const auto* const value = find(name);
  if (value == nullptr) return false;
  std::string word;
  if (value->is_string()) {
    word = trimmed(value->get_ref<const std::string&>());
    if (word.empty()) return false;
  } else if (value->is_number()) {
    const double beats = value->get<double>();
    if (beats >= 2.0 && beats < 7.0) word = std::to_string(static_cast<int>(beats));
  }
  if (word != "2" && word != "3" && word != "4" && word != "6")
    return complain(name, *value, "2, 3, 4 or 6");
  out = std::move(word);
  return true;
}

bool FieldReader::stem_mode(const char* name, std::optional<StemMode>& out) {
  const auto* const value = find(name);
  if (value == nullptr) return false;
  const auto mode = value->is_string() ? stem_mode_of(value->get_ref<const std::string&>())
                                       : std::optional<StemMode>();
  if (!mode) {
    if (value->is_string() && trimmed(value->get_ref<const std::string&>()).empty()) return false;
    return complain(name, *value, "full, vocals or instruments");
  }
  out = mode;
  return true;
}

bool FieldReader::knobs(const char* name, nlohmann::json& out) {
  const auto* const value = find(name);
  if (value == nullptr) return false;
  if (!value->is_object()) return complain(name, *value, "an object of knobs");
  out = checked_knobs(*value, name, complaints_);
  return true;
}

}  // namespace headroom::wire
