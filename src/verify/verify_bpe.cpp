// The tokenizer: ids of many texts.
#include <fmt/format.h>

#include "base/strict_json.h"
#include "base/text.h"
#include "models/bpe_tokenizer.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

constexpr std::uint64_t kLargestFile = 64 << 20;

// The name that the file gives, or its own with "expected" replaced, or the usual ones.
std::filesystem::path find_tokenizer(const std::filesystem::path& path, const nlohmann::json& json,
                                     const std::string& label) {
  std::vector<std::string> names;
  if (json.contains("tokenizer") && json["tokenizer"].is_string())
    names.push_back(json["tokenizer"].get<std::string>());
  auto own = path.filename().string();
  const std::string expected = "expected";
  if (const auto at = own.find(expected); at != std::string::npos)
    names.push_back(own.replace(at, expected.size(), "tokenizer"));
  names.insert(names.end(), {"bpe_tokenizer.json", "tokenizer.json"});
  for (const auto& name : names) {
    // Only beside the file, whatever it says.
    auto beside = path.parent_path() / std::filesystem::path(name).filename();
    if (std::filesystem::is_regular_file(beside)) return beside;
  }
  throw Error(ErrorKind::input,
              fmt::format("{}: its tokenizer is not beside it: looked for {}", label,
                          printable(fmt::format("{}", fmt::join(names, ", ")))));
}

// How many cases gave other ids than expected, and the first of them.
class Tally {
 public:
  explicit Tally(std::string name) : report_{.name = std::move(name), .status = Status::passed} {}

  void compare(size_t number, const std::vector<std::int64_t>& found,
               const nlohmann::json& expected) {
    ++report_.elements;
    if (nlohmann::json(found) == expected) return;
    if (report_.mismatches++ == 0) first_ = number;
    report_.status = Status::failed;
    report_.detail = fmt::format("{} of {} texts have other ids, first case {}", report_.mismatches,
                                 report_.elements, first_);
  }

  const TensorReport& report() const { return report_; }

 private:
  TensorReport report_;
  size_t first_ = 0;
};

}  // namespace

FileReport verify_bpe(const std::filesystem::path& path) {
  const auto label = printable(path.filename().string());
  const auto json = parse_strict_json(read_text_file(path, kLargestFile), ErrorKind::input, label);
  if (!json.is_object() || !json.contains("cases") || !json["cases"].is_array() ||
      json["cases"].empty()) {
    throw Error(
        ErrorKind::input,
        fmt::format("{}: is not a golden file: a JSON one has a list of tokenizer 'cases'", label));
  }
  const auto tokenizer = BpeTokenizer::load(find_tokenizer(path, json, label));
  Tally plain("ids");
  Tally ended("ids_with_special");
  Tally cut("ids_truncated");
  size_t number = 0;
  for (const auto& entry : json["cases"]) {
    const auto text = field<std::string>(entry, "text", label);
    if (entry.contains("ids")) plain.compare(number, tokenizer.encode(text), entry["ids"]);
    if (entry.contains("ids_with_special"))
      ended.compare(number, tokenizer.encode_with_end(text), entry["ids_with_special"]);
    if (entry.contains("ids_truncated")) {
      const auto length = field<size_t>(entry, "max_length", label);
      cut.compare(number, tokenizer.encode_with_end(text, length), entry["ids_truncated"]);
    }
    ++number;
  }
  FileReport report{.file = label, .kind = "bpe_expected"};
  for (const auto* tally : {&plain, &ended, &cut}) {
    if (tally->report().elements > 0) report.tensors.push_back(tally->report());
  }
  Results facts;
  if (json.contains("eos_id")) {
    facts.fact("eos_id", json["eos_id"] == tokenizer.end_id(),
               fmt::format("is {}", tokenizer.end_id()));
  }
  if (json.contains("vocab_size")) {
    facts.fact("vocab_size", json["vocab_size"] == tokenizer.vocab_size(),
               fmt::format("is {}", tokenizer.vocab_size()));
  }
  report.tensors.insert(report.tensors.end(), facts.facts.begin(), facts.facts.end());
  return report;
}

}  // namespace headroom::verify
