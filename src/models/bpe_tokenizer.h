// The text tokenizer of the Qwen models: byte-level BPE over NFC text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace headroom {

/// A text may be at most this long; lyrics are a few kilobytes.
inline constexpr size_t kLongestText = 16 << 20;

struct BpeVocabulary;

/// Text → token ids, exactly as Hugging Face's tokenizers do it with the same files: added tokens
/// are found in the raw text, the rest is normalised to NFC, split by the Qwen pattern, mapped to
/// bytes and merged. Immutable, so any thread may use it; copying shares the tables.
class BpeTokenizer {
 public:
  /// `path` is a tokenizer.json, or a folder that holds one, or a folder with vocab.json and
  /// merges.txt (then the added tokens come from tokenizer_config.json or added_tokens.json beside
  /// them). A file that describes another kind of tokenizer is refused: nothing is guessed. Throws
  /// Error(checkpoint). Takes one to three seconds of one core for a file of 151 000 tokens.
  static BpeTokenizer load(const std::filesystem::path& path);

  /// The same for the text of a tokenizer.json; `label` names it in errors.
  static BpeTokenizer parse(std::string_view tokenizer_json, const std::string& label);

  /// The ids of `text` without an end token. Throws Error(input) when the text is not UTF-8, naming
  /// the byte, or longer than kLongestText. Cost: n log n in the longest word, linear otherwise.
  std::vector<std::int64_t> encode(std::string_view text) const;

  /// The ids of `text` and end_id() after them. With `max_length`, the result is cut to that many
  /// ids, the end token always among them; 0 is Error(usage).
  std::vector<std::int64_t> encode_with_end(std::string_view text,
                                            std::optional<size_t> max_length = std::nullopt) const;

  /// The bytes that `ids` stand for: decode(encode(text)) is `text` in NFC. Throws Error(input) for
  /// an id that has no token.
  std::string decode(std::span<const std::int64_t> ids) const;

  /// The largest id + 1, added tokens included: what an embedding table needs.
  std::int64_t vocab_size() const;

  /// The id of `<|endoftext|>`, which is the padding token as well.
  std::int64_t end_id() const;

  /// The id of an added token such as "<|im_start|>", if there is one.
  std::optional<std::int64_t> added_id(std::string_view token) const;

 private:
  explicit BpeTokenizer(std::shared_ptr<const BpeVocabulary> vocabulary);
  void encode_plain(std::string_view text, std::vector<std::int64_t>& ids) const;

  std::shared_ptr<const BpeVocabulary> vocabulary_;
};

}  // namespace headroom
