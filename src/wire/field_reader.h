// Members of a message from outside, one after the other: what is good is taken, what is not is
// complained about and leaves the field as it was.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "wire/types.h"

namespace headroom::wire {

/// What was wrong with one member: readable, one line, no control characters.
struct Complaint {
  std::string field;    // path of the member: "raw.denoise"
  std::string message;  // "raw.denoise is a text; a number from 0 to 1 is expected"
};

/// Reads members of one object. Every method leaves `out` alone when the member is absent or null
/// and when it is of a wrong kind; the latter makes a complaint. Returns whether `out` was set.
/// Numbers may be written as text; they are clamped silently, as the protocol has it.
class FieldReader {
 public:
  FieldReader(const nlohmann::json& object, std::vector<Complaint>& complaints);

  bool text(const char* name, std::string& out, std::size_t longest);
  bool text(const char* name, std::optional<std::string>& out, std::size_t longest);
  /// Trimmed; blank counts as absent.
  bool label(const char* name, std::optional<std::string>& out, std::size_t longest);
  bool number(const char* name, double& out, double least, double most);
  bool number(const char* name, std::optional<double>& out, double least, double most);
  bool integer(const char* name, std::int64_t& out, std::int64_t least, std::int64_t most);
  bool flag(const char* name, bool& out);
  /// A list of texts; `legacy` names a member that holds a single one, used when `name` is absent.
  bool texts(const char* name, std::vector<std::string>& out, std::size_t longest,
             const char* legacy = nullptr);
  bool numbers(const char* name, std::map<std::string, double>& out, double least, double most);
  bool time_signature(const char* name, std::optional<std::string>& out);
  bool stem_mode(const char* name, std::optional<StemMode>& out);
  /// An object of knobs, by the catalogue (wire/knobs.h).
  bool knobs(const char* name, nlohmann::json& out);

  /// Remembers that a required member was not read.
  void must(const char* name, bool was_read);
  /// The first required member that is missing or wrong.
  const std::optional<Complaint>& refusal() const { return refusal_; }

 private:
  const nlohmann::json* find(const char* name) const;
  bool complain(const char* name, const nlohmann::json& found, const std::string& expected);

  const nlohmann::json& object_;
  std::vector<Complaint>& complaints_;
  std::optional<Complaint> refusal_;
};

/// "a text", "a number", … for a message to a person.
std::string kind_of(const nlohmann::json& value);

/// A finite number, also one that is written as text.
std::optional<double> number_of(const nlohmann::json& value);

}  // namespace headroom::wire
