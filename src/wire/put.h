// Members of a message that is written.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "wire/events.gen.h"

namespace headroom::wire {

/// One value as JSON. Numbers that are none become 0: no browser can parse NaN, and a null where a
/// number is expected hurts as much.
template <class T>
nlohmann::json json_of(const T& value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(0.0);
  } else if constexpr (std::is_same_v<T, StemMode>) {
    return std::string(to_string(value));
  } else if constexpr (std::is_same_v<T, LoraEntry> || std::is_same_v<T, LoraMetadata> ||
                       std::is_same_v<T, Snapshot>) {
    return to_json(value);
  } else {
    return value;
  }
}

template <class T>
nlohmann::json json_of(const std::vector<T>& values) {
  auto list = nlohmann::json::array();
  for (const auto& value : values) list.push_back(json_of(value));
  return list;
}

template <class T>
void put(nlohmann::json& json, const char* name, const T& value) {
  json[name] = json_of(value);
}

/// Left out when there is none.
template <class T>
void put(nlohmann::json& json, const char* name, const std::optional<T>& value) {
  if (value) json[name] = json_of(*value);
}

template <class T>
void put_or_null(nlohmann::json& json, const char* name, const std::optional<T>& value) {
  json[name] = value ? json_of(*value) : nlohmann::json(nullptr);
}

template <class T>
void put_or_empty(nlohmann::json& json, const char* name, const std::optional<T>& value) {
  json[name] = value ? json_of(*value) : nlohmann::json("");
}

}  // namespace headroom::wire
