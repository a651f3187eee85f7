#include "base/strict_json.h"

#include <string>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>

namespace headroom {
namespace {

using DomBuilder = nlohmann::detail::json_sax_dom_parser<nlohmann::json>;

// The library's own builder of values, with our checks before each of its steps. (Its parser
// callback could do the same, but takes quadratic time for an array of objects.)
class StrictBuilder : public DomBuilder {
 public:
  StrictBuilder(nlohmann::json& root, ErrorKind kind, const std::string& label, int deepest)
      : DomBuilder(root), kind_(kind), label_(label), deepest_(deepest) {}

  bool start_object(size_t size) {
    enter();
    keys_.emplace_back();
    return DomBuilder::start_object(size);
  }
  bool key(nlohmann::json::string_t& name) {
    if (!keys_.back().insert(name).second) {
      throw Error(kind_, fmt::format("{}: the key \"{}\" is there twice", label_, printable(name)));
    }
    return DomBuilder::key(name);
  }
  bool end_object() {
    --depth_;
    keys_.pop_back();
    return DomBuilder::end_object();
  }
  bool start_array(size_t size) {
    enter();
    return DomBuilder::start_array(size);
  }
  bool end_array() {
    --depth_;
    return DomBuilder::end_array();
  }

 private:
  void enter() {
    if (++depth_ > deepest_) {
      throw Error(kind_, fmt::format("{}: JSON nested deeper than {} levels", label_, deepest_));
    }
  }

  ErrorKind kind_;
  const std::string& label_;
  int deepest_;
  int depth_ = 0;
  std::vector<std::unordered_set<std::string>> keys_;  // of the objects that are open
};

}  // namespace

nlohmann::json parse_strict_json(std::string_view text, ErrorKind kind, const std::string& label,
                                 int deepest) {
  // The parser takes a NUL for the end of the text and ignores what follows.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    throw Error(kind, fmt::format("{}: not valid JSON at byte {}", label, nul + 1));
  }
  nlohmann::json root;
  StrictBuilder builder(root, kind, label, deepest);
  try {
    nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  } catch (const nlohmann::json::parse_error& error) {
    throw Error(kind, fmt::format("{}: not valid JSON at byte {}", label, error.byte));
  } catch (const nlohmann::json::exception&) {
    throw Error(kind, fmt::format("{}: JSON with a number that no computer can hold", label));
  }
  return root;
}

}  // namespace headroom
