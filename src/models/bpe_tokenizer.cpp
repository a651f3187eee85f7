#include "models/bpe_tokenizer.h"

#include <array>
#include <functional>
#include <limits>
#include <queue>
#include <utility>

#include <fmt/format.h>
#include <utf8proc.h>

#include "base/error.h"
#include "base/text.h"
#include "models/bpe_split.h"
#include "models/bpe_vocabulary.h"

namespace headroom {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

// Merges the bytes of one word. The symbols form a linked list, and a heap holds the pairs that can
// be merged, lowest rank first and leftmost among equals: n log n for a word of n bytes. Kept from
// word to word for its memory.
class Merger {
 public:
  explicit Merger(const BpeVocabulary& vocabulary) : vocabulary_(vocabulary) {}

  void append_ids(std::string_view bytes, std::vector<std::int64_t>& ids) {
    symbols_.clear();
    for (std::uint32_t i = 0; i < bytes.size(); ++i) {
      const bool last = i + 1 == bytes.size();
      symbols_.push_back({vocabulary_.byte_ids[static_cast<unsigned char>(bytes[i])],
                          i == 0 ? kNone : i - 1, last ? kNone : i + 1, kNone, 0});
    }
    for (std::uint32_t i = 0; i < symbols_.size(); ++i) offer(i);
    while (!heap_.empty()) {
      const auto [rank, at] = heap_.top();
      heap_.pop();
      // A pair that changed since has another rank, or none: ranks are unique to pairs.
      if (symbols_[at].rank == rank) merge(at);
    }
    for (std::uint32_t i = 0; i != kNone && i < symbols_.size(); i = symbols_[i].next) {
      ids.push_back(symbols_[i].id);
    }
  }

 private:
  struct Symbol {
    std::uint32_t id;
    std::uint32_t previous;
    std::uint32_t next;
    std::uint32_t rank;    // of the pair that this symbol and the next one make
    std::uint32_t merged;  // what that pair becomes
  };
  using Candidate = std::pair<std::uint32_t, std::uint32_t>;  // rank, position

  // Looks up the pair that begins at `at`.
  void offer(std::uint32_t at) {
    auto& symbol = symbols_[at];
    symbol.rank = kNone;
    if (symbol.next == kNone) return;
    const auto found =
        vocabulary_.merges.find(BpeVocabulary::pair(symbol.id, symbols_[symbol.next].id));
    if (found == vocabulary_.merges.end()) return;
    symbol.rank = found->second.rank;
    symbol.merged = found->second.result;
    heap_.emplace(symbol.rank, at);
  }

  void merge(std::uint32_t at) {
    auto& symbol = symbols_[at];
    auto& gone = symbols_[symbol.next];
    symbol.id = symbol.merged;
    symbol.next = gone.next;
    gone.rank = kNone;
    if (symbol.next != kNone) symbols_[symbol.next].previous = at;
    offer(at);
    if (symbol.previous != kNone) offer(symbol.previous);
  }

  const BpeVocabulary& vocabulary_;
  std::vector<Symbol> symbols_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heap_;
};

// The added token that stands at the beginning of `text`; the longest, if several do.
const std::pair<std::string, std::int64_t>* added_at(const BpeVocabulary& vocabulary,
                                                     std::string_view text) {
  for (const auto& token : vocabulary.added[static_cast<unsigned char>(text.front())]) {
    if (text.starts_with(token.first)) return &token;
  }
  return nullptr;
}

}  // namespace

BpeTokenizer::BpeTokenizer(std::shared_ptr<const BpeVocabulary> vocabulary)
    : vocabulary_(std::move(vocabulary)) {}

BpeTokenizer BpeTokenizer::load(const std::filesystem::path& path) {
  return BpeTokenizer(std::make_shared<const BpeVocabulary>(load_bpe_vocabulary(path)));
}

BpeTokenizer BpeTokenizer::parse(std::string_view tokenizer_json, const std::string& label) {
  return BpeTokenizer(
      std::make_shared<const BpeVocabulary>(parse_bpe_vocabulary(tokenizer_json, label)));
}

std::vector<std::int64_t> BpeTokenizer::encode(std::string_view text) const {
  if (text.size() > kLongestText) {
    throw Error(ErrorKind::input, fmt::format("the text has {}, more than the {} allowed",
                                              human_bytes(text.size()), human_bytes(kLongestText)));
  }
  if (const auto bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    throw Error(ErrorKind::input, fmt::format("the text is not UTF-8 at byte {}", bad));
  }
  std::vector<std::int64_t> ids;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const auto* token = added_at(*vocabulary_, text.substr(at));
    if (token == nullptr) {
      ++at;
      continue;
    }
    encode_plain(text.substr(begin, at - begin), ids);
    ids.push_back(token->second);
    at += token->first.size();
    begin = at;
  }
  encode_plain(text.substr(begin), ids);
  return ids;
}

void BpeTokenizer::encode_plain(std::string_view text, std::vector<std::int64_t>& ids) const {
  if (text.empty()) return;
  const auto points = to_nfc(text);
  Merger merger(*vocabulary_);
  std::string bytes;
  size_t at = 0;
  for (const auto end : split_words(points)) {
    bytes.clear();
    for (; at < end; ++at) {
      std::array<utf8proc_uint8_t, 4> utf8{};
      const auto size = utf8proc_encode_char(points[at], utf8.data());
      bytes.append(reinterpret_cast<const char*>(utf8.data()), static_cast<size_t>(size));
    }
    merger.append_ids(bytes, ids);
  }
}

std::vector<std::int64_t> BpeTokenizer::encode_with_end(std::string_view text,
                                                        std::optional<size_t> max_length) const {
  if (max_length && *max_length == 0) {
    throw Error(ErrorKind::usage, "a text cannot be cut to 0 tokens: the end token stays");
  }
  auto ids = encode(text);
  if (max_length && ids.size() >= *max_length) ids.resize(*max_length - 1);
  ids.push_back(vocabulary_->end_id);
  return ids;
}

std::string BpeTokenizer::decode(std::span<const std::int64_t> ids) const {
  std::string text;
  for (const auto id : ids) {
    if (id < 0 || id >= vocab_size() || !vocabulary_->tokens[static_cast<size_t>(id)]) {
      throw Error(ErrorKind::input, fmt::format("no token has the id {}", id));
    }
    text += *vocabulary_->tokens[static_cast<size_t>(id)];
  }
  return text;
}

std::int64_t BpeTokenizer::vocab_size() const {
  return static_cast<std::int64_t>(vocabulary_->tokens.size());
}

std::int64_t BpeTokenizer::end_id() const { return vocabulary_->end_id; }

std::optional<std::int64_t> BpeTokenizer::added_id(std::string_view token) const {
  if (token.empty()) return std::nullopt;
  for (const auto& [content, id] : vocabulary_->added[static_cast<unsigned char>(token.front())]) {
    if (content == token) return id;
  }
  return std::nullopt;
}

}  // namespace headroom
