#include "base/strict_json.h"

#include <set>
#include <vector>

#include <fmt/format.h>

namespace headroom {

nlohmann::json parse_strict_json(std::string_view text, ErrorKind kind, const std::string& label,
                                 int deepest) {
  using Event = nlohmann::json::parse_event_t;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, Event event, nlohmann::json& value) {
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= deepest) {
        throw Error(kind, fmt::format("{}: JSON nested deeper than {} levels", label, deepest));
      }
    }
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key && !keys.back().insert(value.get_ref<const std::string&>()).second) {
      throw Error(kind, fmt::format("{}: the key \"{}\" is there twice", label,
                                    printable(value.get_ref<const std::string&>())));
    }
    return true;
  };
  // The parser takes a NUL for the end of the text and ignores what follows.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error(kind, fmt::format("{}: not valid JSON at byte {}", label, nul + 1));
  }
  try {
    return nlohmann::json::parse(text.begin(), text.end(), watch);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(kind, fmt::format("{}: not valid JSON at byte {}", label, error.byte));
  } catch (const nlohmann::json::exception&) {
    throw Error(kind, fmt::format("{}: JSON with a number that no computer can hold", label));
  }
}

}  // namespace headroom
