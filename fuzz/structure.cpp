#include "structure.h"

#include <algorithm>
#include <fstream>

namespace headroom::fuzz {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 24;  // more than the server's 16, so that both sides of it are met

const Json& schema() {
  static const Json whole =
      Json::parse(std::ifstream(HEADROOM_SOURCE_DIR "/src/wire/protocol.json"));
  return whole;
}

std::string odd_text(Dice& dice, std::size_t longest) {
  static const std::vector<std::string> odd = {
      "",  "a",   " ",   "\t\n", "song.wav", "../../etc", "\xc3\xa9", "\xf0\x9f\x8e\xb9",
      "4", "1e3", "nan", "true"};
  switch (dice.below(8)) {
    case 0:
      return std::string(longest + dice.below(3) - 1, 'x');
    case 1:
      return std::string(1, '\0') + "b";
    default:
      return dice.pick(odd);
  }
}

Json odd_number(Dice& dice, const Json& field) {
  static const std::vector<Json> odd = {
      0, -1, 0.5, 1e308, -1e308, 5e-324, 9007199254740993, INT64_MIN, UINT64_MAX};
  const double least = field.value("min", 0.0);
  const double most = field.value("max", 1.0);
  switch (dice.below(6)) {
    case 0:
      return least;
    case 1:
      return most;
    case 2:
      return most + 1;
    case 3:
      return dice.pick(odd);
    default:
      return least + (most - least) * static_cast<double>(dice.below(1001)) / 1000.0;
  }
}

Json any_value(Dice& dice) {
  static const std::vector<Json> any = {
      nullptr,       true,          7,
      "text",        Json::array(), Json::object(),
      {1, "2", 3.5}, {{"x", {1}}},  {{"type", "raw"}, {"values", {0, 1}}}};
  return dice.pick(any);
}

Json knob_value(Dice& dice, const Json& knob) {
  const auto type = knob.value("type", "number");
  if (type == "flag") return dice.one_in(2);
  if (type == "choice") return dice.pick(knob["options"]);
  if (type != "curve") return odd_number(dice, knob);
  if (dice.one_in(2)) return {{"type", "constant"}, {"value", odd_number(dice, knob)}};
  auto values = Json::array();
  for (auto left = dice.below(9); left > 0; --left) values.push_back(odd_number(dice, knob));
  return {{"type", "raw"}, {"values", std::move(values)}};
}

Json knobs(Dice& dice) {
  auto some = Json::object();
  for (auto left = dice.below(6); left > 0; --left) {
    const auto& knob = dice.pick(schema()["knobs"]);
    auto name = knob["name"].get<std::string>();
    if (knob.value("prefix", false)) name += odd_text(dice, 256);
    some[name] = dice.one_in(8) ? any_value(dice) : knob_value(dice, knob);
  }
  if (dice.one_in(30)) {
    for (int i = 0; i < 70; ++i) some["lora_str_" + std::to_string(i)] = 1;
  }
  return some;
}

Json value_of(Dice& dice, const Json& field) {
  static const std::vector<Json> times = {2, 3, 4, 6, "2", "4", "5", "4/4", 4.0};
  static const std::vector<Json> modes = {"full", "vocals", "instruments", "drums", ""};
  const auto type = field["type"].get<std::string>();
  if (dice.one_in(10)) return any_value(dice);
  if (type == "flag") return dice.one_in(2);
  if (type == "number") return dice.one_in(8) ? Json(odd_text(dice, 20)) : odd_number(dice, field);
  if (type == "integer") return odd_number(dice, field);
  if (type == "time_signature") return dice.pick(times);
  if (type == "stem_mode") return dice.pick(modes);
  if (type == "knobs") return knobs(dice);
  const auto longest = field.value("longest", std::size_t{64});
  if (type == "[text]") {
    auto list = Json::array();
    for (auto left = dice.below(4); left > 0; --left) list.push_back(odd_text(dice, longest));
    return list;
  }
  if (type == "numbers") {
    auto map = Json::object();
    for (auto left = dice.below(4); left > 0; --left)
      map[odd_text(dice, 9)] = odd_number(dice, field);
    return map;
  }
  return odd_text(dice, longest);
}

bool too_deep(std::string_view text) {
  int depth = 0;
  for (const char letter : text) {
    if (letter == '[' || letter == '{') ++depth;
    if (letter == ']' || letter == '}') --depth;
    if (depth > kDeepest) return true;
  }
  return false;
}

std::string written(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A member that any message could have, from the schema.
const Json& any_field(Dice& dice) {
  const auto& kinds = schema()[dice.one_in(3) ? "first" : "commands"];
  const auto& fields = dice.pick(kinds)["fields"];
  return fields.empty() ? schema()["first"][0]["fields"][0] : dice.pick(fields);
}

}  // namespace

std::string message(Dice& dice, bool first) {
  const auto& kind = dice.pick(schema()[first ? "first" : "commands"]);
  auto whole = Json::object();
  for (const auto& field : kind["fields"]) {
    if (field.value("required", false) ? !dice.one_in(20) : dice.one_in(3))
      whole[field["name"].get<std::string>()] = value_of(dice, field);
  }
  if (!kind["type"].is_null()) whole["type"] = kind["type"];
  if (dice.one_in(4)) whole["request_id"] = odd_text(dice, 64);
  return written(whole);
}

std::string changed(std::string_view text, Dice& dice) {
  if (too_deep(text)) return message(dice, dice.one_in(3));
  auto json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.empty()) return message(dice, dice.one_in(3));
  auto member = json.begin();
  std::advance(member, static_cast<std::ptrdiff_t>(dice.below(json.size())));
  const auto& field = any_field(dice);
  switch (dice.below(6)) {
    case 0:
      json.erase(member);
      break;
    case 1:
      *member = any_value(dice);
      break;
    case 2: {
      auto value = *member;
      json[odd_text(dice, 12)] = std::move(value);
      break;
    }
    case 3: {  // the same name twice
      const auto again = written(member.key()) + ":" + written(*member) + ",";
      return "{" + again + written(json).substr(1);
    }
    case 4: {
      auto inner = *member;
      for (auto depth = dice.below(20); depth > 0; --depth) inner = {{"x", std::move(inner)}};
      *member = std::move(inner);
      break;
    }
    default:
      json[field["name"].get<std::string>()] = value_of(dice, field);
  }
  return written(json);
}

std::string jumbled(std::string bytes, std::size_t most) {
  const auto size = std::min(bytes.size(), most);
  bytes.resize(most);
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes.data()), size, most));
  return bytes;
}

std::string pcm(Dice& dice, std::size_t most_frames) {
  static const std::vector<std::uint32_t> bits = {0,          0x3f000000, 0xbf800000, 0x7f800000,
                                                  0x7fc00001, 0x7f7fffff, 1};
  const auto channels =
      static_cast<std::uint32_t>(dice.one_in(4) ? dice.below(67) : 1 + dice.below(2));
  const auto frames = static_cast<std::uint32_t>(dice.below(most_frames + 1));
  auto bytes = raw(channels) + raw(dice.one_in(8) ? frames + 1 : frames);
  for (std::size_t left = std::size_t{channels} * frames; left > 0; --left)
    bytes += raw(dice.pick(bits));
  if (dice.one_in(10)) bytes.resize(bytes.size() - 1);
  return bytes;
}

}  // namespace headroom::fuzz
