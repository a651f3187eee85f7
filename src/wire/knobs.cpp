#include "wire/knobs.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "wire/constants.gen.h"

namespace headroom::wire {
namespace {

constexpr std::size_t kLongestLoraId = 256;

// What the knob takes, for a message.
std::string expectation(const Knob& knob) {
  switch (knob.type) {
    case KnobType::number:
      return fmt::format("a number from {} to {}", knob.least, knob.most);
    case KnobType::integer:
      return fmt::format("a whole number from {:.0f} to {:.0f}", knob.least, knob.most);
    case KnobType::flag:
      return "true or false";
    case KnobType::choice:
      return fmt::format("one of {}", fmt::join(knob.options, ", "));
    case KnobType::curve:
      return fmt::format(
          "{{\"type\":\"constant\",\"value\":…}} or {{\"type\":\"raw\",\"values\":[…]}} with at "
          "most "
          "{} finite numbers",
          kLongestCurve);
  }
  return "";
}

std::optional<nlohmann::json> checked_curve(const Knob& knob, const nlohmann::json& value) {
  if (!value.is_object()) return std::nullopt;
  const auto type = value.find("type");
  if (type == value.end()) return std::nullopt;
  if (*type == "constant") {
    const auto number = value.contains("value") ? number_of(value["value"]) : std::nullopt;
    if (!number) return std::nullopt;
    return nlohmann::json{{"type", "constant"},
                          {"value", std::clamp(*number, knob.least, knob.most)}};
  }
  const auto values = value.find("values");
  if (*type != "raw" || values == value.end() || !values->is_array() || values->empty() ||
      values->size() > static_cast<std::size_t>(kLongestCurve))
    return std::nullopt;
  auto numbers = nlohmann::json::array();
  for (const auto& item : *values) {
    const auto number = item.is_number() ? number_of(item) : std::nullopt;
    if (!number) return std::nullopt;
    numbers.push_back(std::clamp(*number, knob.least, knob.most));
  }
  return nlohmann::json{{"type", "raw"}, {"values", std::move(numbers)}};
}

std::optional<nlohmann::json> checked_value(const Knob& knob, const nlohmann::json& value) {
  switch (knob.type) {
    case KnobType::number:
    case KnobType::integer: {
      auto number = number_of(value);
      if (!number) return std::nullopt;
      // The rounding mode of a fresh process: half to even.
      if (knob.type == KnobType::integer) number = std::nearbyint(*number);
      return std::clamp(*number, knob.least, knob.most);
    }
    case KnobType::flag:
      if (!value.is_boolean()) return std::nullopt;
      return value;
    case KnobType::choice:
      if (!value.is_string() || std::find(knob.options.begin(), knob.options.end(),
                                          value.get<std::string>()) == knob.options.end())
        return std::nullopt;
      return value;
    case KnobType::curve:
      return checked_curve(knob, value);
  }
  return std::nullopt;
}

std::string_view name_of(KnobType type) {
  switch (type) {
    case KnobType::number:
      return "number";
    case KnobType::integer:
      return "integer";
    case KnobType::flag:
      return "flag";
    case KnobType::choice:
      return "choice";
    case KnobType::curve:
      return "curve";
  }
  return "";
}

}  // namespace

const Knob* find_knob(std::string_view name) {
  for (const auto& knob : knobs()) {
    if (knob.prefix ? name.size() > knob.name.size() && name.starts_with(knob.name) &&
                          name.size() <= knob.name.size() + kLongestLoraId
                    : name == knob.name)
      return &knob;
  }
  return nullptr;
}

nlohmann::json checked_knobs(const nlohmann::json& raw, std::string_view path,
                             std::vector<Complaint>& complaints) {
  auto good = nlohmann::json::object();
  std::size_t unknown = 0;
  std::int64_t prefixed = 0;
  std::string example;
  for (const auto& [name, value] : raw.items()) {
    const auto* const knob = find_knob(name);
    if (knob == nullptr || (knob->prefix && ++prefixed > kMostLoraKnobs)) {
      if (unknown++ == 0) example = printable(name, 60);
      continue;
    }
    if (auto checked = checked_value(*knob, value)) {
      good[name] = std::move(*checked);
    } else {
      const auto field = fmt::format("{}.{}", path, printable(name, 60));
      complaints.push_back({field, fmt::format("{} is {}; {} is expected", field, kind_of(value),
                                               expectation(*knob))});
    }
  }
  if (unknown > 0) {
    complaints.push_back(
        {fmt::format("{}.{}", path, example),
         fmt::format("{} of the names in {} are no knobs and were left out, the first: {}", unknown,
                     path, example)});
  }
  return good;
}

nlohmann::json knobs_json() {
  auto all = nlohmann::json::array();
  for (const auto& knob : knobs()) {
    nlohmann::json one = {{"name", knob.name},
                          {"type", name_of(knob.type)},
                          {"group", knob.group},
                          {"default", knob.initial},
                          {"doc", knob.doc}};
    if (knob.prefix) one["prefix"] = true;
    if (knob.most > knob.least) {
      one["min"] = knob.least;
      one["max"] = knob.most;
    }
    if (knob.step > 0) one["step"] = knob.step;
    if (knob.bank > 0) one["bank"] = knob.bank;
    if (!knob.options.empty()) one["options"] = knob.options;
    if (knob.sampler != SamplerOnly::any)
      one["session"] = knob.sampler == SamplerOnly::sde ? "sde" : "ode";
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace headroom::wire
