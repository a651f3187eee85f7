// The knobs of a session: names, ranges, defaults, and what becomes of values from outside.
// The catalogue itself stands in protocol.json.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "wire/field_reader.h"

namespace headroom::wire {

enum class KnobType { number, integer, flag, choice, curve };
/// Some knobs exist in sessions of one sampler only.
enum class SamplerOnly { any, ode, sde };

struct Knob {
  std::string name;
  bool prefix;  // the name goes on: lora_str_<id>
  KnobType type;
  std::string group;  // core, groups, keystones, guidance, dcw, curves
  SamplerOnly sampler;
  nlohmann::json initial;  // null for curves
  double least;
  double most;
  double step;  // of a control on a screen
  double bank;  // sensitivity on hardware controllers; 0: not there
  std::vector<std::string> options;
  std::string doc;
};

/// All of them, in the order of protocol.json. Made once, then constant.
const std::vector<Knob>& knobs();

/// The knob of that name, or nullptr. A prefix matches with something behind it.
const Knob* find_knob(std::string_view name);

/// What of `raw` (an object) a session may see: known names, numbers clamped and finite, whole ones
/// rounded half to even, choices that exist, curves of finite numbers. The rest is left out: a
/// wrong value with a complaint whose field begins with `path`, an unknown name with one for all of
/// them.
nlohmann::json checked_knobs(const nlohmann::json& raw, std::string_view path,
                             std::vector<Complaint>& complaints);

/// The catalogue for GET /api/knobs and for the tools of other programs.
nlohmann::json knobs_json();

}  // namespace headroom::wire
