#include "train/text/vocabulary.h"

#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "models/bpe_split.h"

namespace headroom::train {
namespace {

using nlohmann::json;
using Pair = std::pair<int, int>;

const std::array<std::string, 3> kAdded{"<|endoftext|>", "<|im_start|>", "<|im_end|>"};

std::string utf8(std::int32_t code) {
  std::string out;
  const auto put = [&](std::int32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3F));
    put(0x80 | ((code >> 6) & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return out;
}

// The visible character that stands for a byte.
std::vector<std::string> byte_names() {
  std::vector<std::string> names;
  std::int32_t spare = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool visible = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    names.push_back(utf8(visible ? byte : spare++));
  }
  return names;
}

// A text without its special tokens, which are never merged.
std::string plain(std::string text) {
  for (const auto& token : kAdded) {
    for (auto at = text.find(token); at != std::string::npos; at = text.find(token, at))
      text.erase(at, token.size());
  }
  return text;
}

struct Word {
  std::vector<int> symbols;
  std::int64_t count = 0;
};

std::vector<Word> words_of(const std::vector<std::string>& texts) {
  std::map<std::vector<int>, std::int64_t> counts;
  for (const auto& text : texts) {
    const auto points = to_nfc(plain(text));
    size_t begin = 0;
    for (const auto end : split_words(points)) {
      std::vector<int> bytes;
      for (; begin < end; ++begin)
        for (const char c : utf8(points[begin])) bytes.push_back(static_cast<unsigned char>(c));
      ++counts[bytes];
    }
  }
  std::vector<Word> words;
  words.reserve(counts.size());
  for (const auto& [bytes, count] : counts) words.push_back({bytes, count});
  return words;
}

Pair commonest_pair(const std::vector<Word>& words, std::int64_t& most) {
  std::map<Pair, std::int64_t> counts;
  for (const auto& word : words)
    for (size_t i = 0; i + 1 < word.symbols.size(); ++i)
      counts[{word.symbols[i], word.symbols[i + 1]}] += word.count;
  Pair best{};
  most = 0;
  for (const auto& [pair, count] : counts) {
    if (count > most) {
      most = count;
      best = pair;
    }
  }
  return best;
}

void merge(std::vector<Word>& words, const Pair& pair, int result) {
  for (auto& word : words) {
    size_t to = 0;
    for (size_t from = 0; from < word.symbols.size(); ++from, ++to) {
      const bool both = from + 1 < word.symbols.size() && word.symbols[from] == pair.first &&
                        word.symbols[from + 1] == pair.second;
      word.symbols[to] = both ? result : word.symbols[from];
      if (both) ++from;
    }
    word.symbols.resize(to);
  }
}

json tokenizer_json(const json& vocab, const json& merges, const json& added) {
  const json byte_level{{"type", "ByteLevel"},
                        {"add_prefix_space", false},
                        {"trim_offsets", false},
                        {"use_regex", false}};
  const json split{{"type", "Split"},
                   {"pattern", {{"Regex", std::string(kWordPattern)}}},
                   {"behavior", "Isolated"},
                   {"invert", false}};
  const json end{{"SpecialToken", {{"id", kAdded[0]}, {"type_id", 0}}}};
  const json a{{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
  const json b{{"Sequence", {{"id", "B"}, {"type_id", 0}}}};
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added},
          {"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer", {{"type", "Sequence"}, {"pretokenizers", {split, byte_level}}}},
          {"post_processor",
           {{"type", "TemplateProcessing"},
            {"single", {a, end}},
            {"pair", {a, b, end}},
            {"special_tokens",
             {{kAdded[0],
               {{"id", kAdded[0]},
                {"ids", json::array({added[0]["id"]})},
                {"tokens", json::array({kAdded[0]})}}}}}}},
          {"decoder", byte_level},
          {"model",
           {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", ""},
            {"end_of_word_suffix", ""},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", false},
            {"vocab", vocab},
            {"merges", merges}}}};
}

}  // namespace

std::string learn_vocabulary(const std::vector<std::string>& texts, std::int64_t size) {
  auto words = words_of(texts);
  auto names = byte_names();
  json merges = json::array();
  const auto most_tokens = static_cast<size_t>(size) - kAdded.size();
  while (names.size() < most_tokens) {
    std::int64_t count = 0;
    const auto pair = commonest_pair(words, count);
    if (count < 2) break;
    const auto& left = names[static_cast<size_t>(pair.first)];
    const auto& right = names[static_cast<size_t>(pair.second)];
    merges.push_back(fmt::format("{} {}", left, right));
    merge(words, pair, static_cast<int>(names.size()));
    names.push_back(fmt::format("{}{}", left, right));
  }
  json vocab = json::object();
  for (size_t i = 0; i < names.size(); ++i) vocab[names[i]] = i;
  json added = json::array();
  for (size_t i = 0; i < kAdded.size(); ++i) {
    added.push_back({{"id", names.size() + i},
                     {"content", kAdded[i]},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  return tokenizer_json(vocab, merges, added).dump();
}

}  // namespace headroom::train
