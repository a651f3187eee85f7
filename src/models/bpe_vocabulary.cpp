#include "models/bpe_vocabulary.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <utf8proc.h>

#include "base/error.h"
#include "base/json.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "models/bpe_split.h"

namespace headroom {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kLongestFile = 64 << 20;
constexpr std::string_view kEndToken = "<|endoftext|>";

// Bytes that the byte-level alphabet shows as the character of the same number; the others become
// U+0100, U+0101, … in their order.
bool shown_as_itself(unsigned byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

std::map<std::int32_t, char> byte_alphabet() {
  std::map<std::int32_t, char> alphabet;
  std::int32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto shown = shown_as_itself(byte) ? static_cast<std::int32_t>(byte) : next++;
    alphabet.emplace(shown, static_cast<char>(byte));
  }
  return alphabet;
}

// Fills a BpeVocabulary step by step and checks each step against those before.
class Builder {
 public:
  explicit Builder(std::string label) : label_(std::move(label)) {}

  [[noreturn]] void fail(std::string_view what) const {
    throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", label_, what));
  }
  void relabel(std::string label) { label_ = std::move(label); }

  void vocab(const json& entries);
  void begin_merges(size_t count) { out_.merges.reserve(count); }
  void merge(std::string_view left, std::string_view right);
  void add(const json& content, const json& id);
  BpeVocabulary finish();

 private:
  std::int64_t checked_id(const json& id, std::string_view token) const;
  void set_token(std::int64_t id, std::string bytes, std::string_view shown);
  std::uint32_t id_of(std::string_view shown) const;
  std::string bytes_of(std::string_view shown) const;

  std::string label_;
  BpeVocabulary out_;
  std::unordered_map<std::string, std::uint32_t> ids_;  // as the file spells the tokens
  const std::map<std::int32_t, char> alphabet_ = byte_alphabet();
};

std::string Builder::bytes_of(std::string_view shown) const {
  std::string bytes;
  for (size_t at = 0; at < shown.size();) {
    utf8proc_int32_t c = 0;
    const auto used = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(shown.data()) + at,
                                       static_cast<utf8proc_ssize_t>(shown.size() - at), &c);
    const auto found = used < 1 ? alphabet_.end() : alphabet_.find(c);
    if (found == alphabet_.end()) {
      fail(
          fmt::format("vocab \"{}\" holds a character that no byte is shown as; this is not a "
                      "byte-level vocabulary",
                      printable(shown)));
    }
    bytes += found->second;
    at += static_cast<size_t>(used);
  }
  return bytes;
}

std::int64_t Builder::checked_id(const json& id, std::string_view token) const {
  if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= std::uint64_t{kMostTokens}) {
    fail(fmt::format("the id of token \"{}\" must be a whole number below {}", printable(token),
                     kMostTokens));
  }
  return id.get<std::int64_t>();
}

void Builder::set_token(std::int64_t id, std::string bytes, std::string_view shown) {
  const auto place = static_cast<size_t>(id);
  if (place >= out_.tokens.size()) out_.tokens.resize(place + 1);
  if (out_.tokens[place] && *out_.tokens[place] != bytes) {
    fail(fmt::format("token \"{}\" has the id {} of another token", printable(shown), id));
  }
  out_.tokens[place] = std::move(bytes);
}

void Builder::vocab(const json& entries) {
  if (!entries.is_object()) fail("vocab must be an object of tokens and ids");
  for (const auto& [token, value] : entries.items()) {
    if (token.empty()) fail("vocab holds an empty token");
    const auto id = checked_id(value, token);
    if (static_cast<size_t>(id) < out_.tokens.size() && out_.tokens[static_cast<size_t>(id)]) {
      fail(fmt::format("token \"{}\" has the id {} of another token", printable(token), id));
    }
    set_token(id, bytes_of(token), token);
    ids_.emplace(token, static_cast<std::uint32_t>(id));
  }
  for (const auto& [shown, byte] : alphabet_) {
    std::array<utf8proc_uint8_t, 4> utf8{};
    const auto size = utf8proc_encode_char(shown, utf8.data());
    const std::string token(reinterpret_cast<const char*>(utf8.data()), static_cast<size_t>(size));
    const auto found = ids_.find(token);
    if (found == ids_.end()) {
      fail(fmt::format("vocab has no token \"{}\" for the single byte {}", printable(token),
                       static_cast<unsigned char>(byte)));
    }
    out_.byte_ids[static_cast<unsigned char>(byte)] = found->second;
  }
}

std::uint32_t Builder::id_of(std::string_view shown) const {
  const auto found = ids_.find(std::string(shown));
  if (found == ids_.end()) {
    fail(fmt::format("merge {}: the token \"{}\" is not in vocab", out_.merges.size(),
                     printable(shown)));
  }
  return found->second;
}

void Builder::merge(std::string_view left, std::string_view right) {
  const auto pair = BpeVocabulary::pair(id_of(left), id_of(right));
  const auto result = id_of(std::string(left) + std::string(right));
  const auto rank = static_cast<std::uint32_t>(out_.merges.size());
  if (!out_.merges.emplace(pair, BpeVocabulary::Merge{rank, result}).second) {
    fail(
        fmt::format("merge {}: \"{} {}\" is there twice", rank, printable(left), printable(right)));
  }
}

void Builder::add(const json& content, const json& id) {
  if (!content.is_string() || content.get_ref<const std::string&>().empty()) {
    fail("the content of an added token must be a text");
  }
  const auto& text = content.get_ref<const std::string&>();
  const auto number = checked_id(id, text);
  set_token(number, text, text);
  auto& bucket = out_.added[static_cast<unsigned char>(text.front())];
  bucket.emplace_back(text, number);
}

BpeVocabulary Builder::finish() {
  const std::pair<std::string, std::int64_t>* end = nullptr;
  for (auto& bucket : out_.added) {
    std::sort(bucket.begin(), bucket.end(), [](const auto& a, const auto& b) {
      return std::pair(b.first.size(), a.first) < std::pair(a.first.size(), b.first);
    });
    for (size_t i = 0; i < bucket.size(); ++i) {
      if (i > 0 && bucket[i].first == bucket[i - 1].first) {
        fail(fmt::format("the added token \"{}\" is there twice", printable(bucket[i].first)));
      }
      if (bucket[i].first == kEndToken) end = &bucket[i];
    }
  }
  if (end == nullptr) fail(fmt::format("no added token \"{}\"", kEndToken));
  out_.end_id = end->second;
  return std::move(out_);
}

// The parts of a tokenizer.json that must be exactly what this tokenizer does.
class Rules {
 public:
  explicit Rules(const std::string& label) : label_(label) {}

  [[noreturn]] void fail(std::string_view what) const {
    throw Error(ErrorKind::checkpoint, fmt::format("{}: {}", label_, what));
  }

  const json& member(const json& object, const char* key, std::string_view where) const {
    if (!object.is_object()) fail(fmt::format("{} must be an object", where));
    const auto found = object.find(key);
    if (found == object.end()) fail(fmt::format("{} has no \"{}\"", where, key));
    return *found;
  }

  void expect(const json& object, const char* key, const json& value,
              std::string_view where) const {
    const auto& found = member(object, key, where);
    if (found != value) {
      fail(fmt::format("{} must have {} {}, this one has {}; it is another kind of tokenizer",
                       where, key, value.dump(), printable(found.dump(), 60)));
    }
  }

  // As expect(), for what older files leave out; null and "" mean the same there.
  void expect_if_there(const json& object, const char* key, const json& value,
                       std::string_view where) const {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null() || *found == json("")) return;
    expect(object, key, value, where);
  }

  void check(const json& root) const {
    expect(member(root, "normalizer", "the file"), "type", "NFC", "normalizer");
    const auto& split = member(root, "pre_tokenizer", "the file");
    expect(split, "type", "Sequence", "pre_tokenizer");
    const auto& steps = member(split, "pretokenizers", "pre_tokenizer");
    if (!steps.is_array() || steps.size() != 2) fail("pre_tokenizer must have two steps");
    expect(steps[0], "type", "Split", "pre_tokenizer step 1");
    expect(member(steps[0], "pattern", "pre_tokenizer step 1"), "Regex", kWordPattern,
           "the split pattern");
    expect(steps[0], "behavior", "Isolated", "pre_tokenizer step 1");
    expect(steps[0], "invert", false, "pre_tokenizer step 1");
    expect(steps[1], "type", "ByteLevel", "pre_tokenizer step 2");
    expect(steps[1], "add_prefix_space", false, "pre_tokenizer step 2");
    expect(steps[1], "use_regex", false, "pre_tokenizer step 2");
    const auto& model = member(root, "model", "the file");
    expect(model, "type", "BPE", "model");
    for (const auto* key :
         {"unk_token", "dropout", "continuing_subword_prefix", "end_of_word_suffix"}) {
      expect_if_there(model, key, nullptr, "model");
    }
    for (const auto* key : {"fuse_unk", "byte_fallback", "ignore_merges"}) {
      expect_if_there(model, key, false, "model");
    }
  }

  void check_added(const json& token) const {
    for (const auto* key : {"single_word", "lstrip", "rstrip", "normalized"}) {
      expect_if_there(token, key, false, "an added token");
    }
  }

 private:
  const std::string& label_;
};

// "left right", as the string form of `merges` and merges.txt have it.
void add_merge_line(Builder& builder, std::string_view line) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string_view::npos) {
    builder.fail(fmt::format("the merge \"{}\" must be two tokens and one space", printable(line)));
  }
  builder.merge(line.substr(0, space), line.substr(space + 1));
}

void add_merges(Builder& builder, const json& merges) {
  if (!merges.is_array()) builder.fail("merges must be an array");
  builder.begin_merges(merges.size());
  for (const auto& merge : merges) {
    if (merge.is_string()) {
      add_merge_line(builder, merge.get_ref<const std::string&>());
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      builder.merge(merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>());
    } else {
      builder.fail("a merge must be \"left right\" or a pair of strings");
    }
  }
}

std::string read_file(const fs::path& path) {
  try {
    return read_text_file(path, kLongestFile);
  } catch (const Error& error) {
    throw Error(ErrorKind::checkpoint, error.what());
  }
}

void add_merges_file(Builder& builder, std::string_view text) {
  for (size_t at = 0, number = 0; at < text.size(); ++number) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool comment = number == 0 && line.starts_with("#version");
    if (!comment && !line.empty()) add_merge_line(builder, line);
  }
}

// tokenizer_config.json: {"added_tokens_decoder": {"151643": {"content": …}, …}, …}
void add_decoder_tokens(Builder& builder, const json& config, const std::string& label) {
  const Rules rules(label);
  const auto& decoder = rules.member(config, "added_tokens_decoder", "the file");
  if (!decoder.is_object()) builder.fail("added_tokens_decoder must be an object");
  for (const auto& [number, token] : decoder.items()) {
    const bool digits = !number.empty() && number.size() < 10 &&
                        number.find_first_not_of("0123456789") == std::string::npos;
    if (!digits) {
      builder.fail(fmt::format("added_tokens_decoder \"{}\" is not an id", printable(number)));
    }
    rules.check_added(token);
    builder.add(rules.member(token, "content", "an added token"), json(std::stoul(number)));
  }
}

BpeVocabulary load_plain_files(const fs::path& folder) {
  const auto parse = [](const fs::path& path) {
    return parse_strict_json(read_file(path), ErrorKind::checkpoint, path.string());
  };
  Builder builder((folder / "vocab.json").string());
  builder.vocab(parse(folder / "vocab.json"));
  builder.relabel((folder / "merges.txt").string());
  add_merges_file(builder, read_file(folder / "merges.txt"));

  std::error_code code;
  if (const auto config = folder / "tokenizer_config.json"; fs::exists(config, code)) {
    builder.relabel(config.string());
    add_decoder_tokens(builder, parse(config), config.string());
  } else {
    const auto added = folder / "added_tokens.json";
    builder.relabel(added.string());
    const auto tokens = parse(added);
    if (!tokens.is_object()) builder.fail("must be an object of tokens and ids");
    for (const auto& [token, id] : tokens.items()) builder.add(json(token), id);
  }
  return builder.finish();
}

}  // namespace

BpeVocabulary parse_bpe_vocabulary(std::string_view tokenizer_json, const std::string& label) {
  const auto root = parse_strict_json(tokenizer_json, ErrorKind::checkpoint, label);
  const Rules rules(label);
  rules.check(root);
  Builder builder(label);
  const auto& model = root.at("model");
  builder.vocab(rules.member(model, "vocab", "model"));
  add_merges(builder, rules.member(model, "merges", "model"));
  const auto& added = rules.member(root, "added_tokens", "the file");
  if (!added.is_array()) rules.fail("added_tokens must be an array");
  for (const auto& token : added) {
    const auto& content = rules.member(token, "content", "an added token");
    rules.check_added(token);
    builder.add(content, rules.member(token, "id", "an added token"));
  }
  return builder.finish();
}

BpeVocabulary load_bpe_vocabulary(const fs::path& path) {
  std::error_code code;
  if (!fs::is_directory(path, code)) return parse_bpe_vocabulary(read_file(path), path.string());
  const auto whole = path / "tokenizer.json";
  if (fs::exists(fs::symlink_status(whole, code))) {
    return parse_bpe_vocabulary(read_file(whole), whole.string());
  }
  if (!fs::exists(path / "vocab.json", code)) {
    throw Error(
        ErrorKind::checkpoint,
        fmt::format("{}: neither tokenizer.json nor vocab.json in this folder", path.string()));
  }
  return load_plain_files(path);
}

}  // namespace headroom
