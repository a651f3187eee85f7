#include "models/bpe_tokenizer.h"

#include <chrono>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"
#include "expect_error.h"
#include "temp_folder.h"

namespace headroom {
namespace {

using nlohmann::json;

std::string golden_text() {
  return read_text_file(std::filesystem::path(HEADROOM_GOLDEN_DIR) / "bpe_tokenizer.json", 1 << 20);
}

const BpeTokenizer& golden() {
  static const auto tokenizer = BpeTokenizer::parse(golden_text(), "golden");
  return tokenizer;
}

// How many milliseconds `encode` takes; the result must decode to the text again.
double encode_ms(const std::string& text) {
  const auto begin = std::chrono::steady_clock::now();
  const auto ids = golden().encode(text);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(golden().decode(ids), text);
  return took.count();
}

std::string repeated(std::string_view unit, size_t size) {
  std::string text;
  while (text.size() + unit.size() <= size) text += unit;
  return text;
}

TEST(BpeTokenizer, DecodeUndoesEncode) {
  for (const std::string text :
       {"", "hello world", "Ünïcödé 漢字かな 😀\r\n\t x", "<|im_start|>a<think> b</think>",
        "<|im_start<|im_start|>", "\xEF\xBF\xBF\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(golden().decode(golden().encode(text)), text);
  }
  const std::string with_nul("a\0b", 3);
  EXPECT_EQ(golden().decode(golden().encode(with_nul)), with_nul);
}

TEST(BpeTokenizer, NormalisesToNfc) {
  // e + acute, an angstrom sign, Hangul jamo, and marks in the wrong order.
  EXPECT_EQ(golden().encode("e\u0301"), golden().encode("\u00E9"));
  EXPECT_EQ(golden().encode("\u212B"), golden().encode("\u00C5"));
  EXPECT_EQ(golden().encode("\u1112\u1161\u11AB"), golden().encode("\uD55C"));
  EXPECT_EQ(golden().decode(golden().encode("q\u0307\u0323")), "q\u0323\u0307");
  // A composition exclusion stays decomposed.
  EXPECT_EQ(golden().decode(golden().encode("\u0958")), "\u0915\u093C");
}

TEST(BpeTokenizer, AddedTokensAreFoundInTheRawText) {
  const auto end = golden().end_id();
  EXPECT_EQ(golden().encode("<|endoftext|><|endoftext|>"), (std::vector<std::int64_t>{end, end}));
  EXPECT_EQ(golden().added_id("<|endoftext|>"), end);
  EXPECT_EQ(golden().added_id("<|nothing|>"), std::nullopt);
  EXPECT_EQ(golden().added_id(""), std::nullopt);
}

TEST(BpeTokenizer, CutsToALengthAndKeepsTheEnd) {
  const auto whole = golden().encode_with_end("hello world");
  EXPECT_EQ(golden().encode_with_end("hello world", whole.size()), whole);
  EXPECT_EQ(golden().encode_with_end("hello world", 1),
            std::vector<std::int64_t>{golden().end_id()});
  EXPECT_EQ(golden().encode_with_end("hello world", 3).size(), 3U);
  EXPECT_ERROR(golden().encode_with_end("a", 0), ErrorKind::usage, "0 tokens");
}

TEST(BpeTokenizer, RefusesTextThatIsNotUtf8) {
  EXPECT_ERROR(golden().encode("abc\xff"), ErrorKind::input, "not UTF-8 at byte 3");
  EXPECT_ERROR(golden().encode("\xC0\x80"), ErrorKind::input, "at byte 0");
  EXPECT_ERROR(golden().encode("a\xED\xA0\x80"), ErrorKind::input, "at byte 1");
  EXPECT_ERROR(golden().encode("ab\xE2\x82"), ErrorKind::input, "at byte 2");
  EXPECT_ERROR(golden().encode(std::string(kLongestText + 1, 'a')), ErrorKind::input, "16.0 MiB");
  EXPECT_ERROR(golden().decode(std::vector<std::int64_t>{0, 516}), ErrorKind::input, "id 516");
  EXPECT_ERROR(golden().decode(std::vector<std::int64_t>{-1}), ErrorKind::input, "id -1");
}

TEST(BpeTokenizer, LongWordsAreNotQuadratic) {
  // Each takes about 10 ms; quadratic merging would take half a minute.
  constexpr size_t kSize = 100'000;
  for (const auto* unit : {"a", "the", "hello", " ", "\n", "!", "é", "漢"}) {
    const auto ms = encode_ms(repeated(unit, kSize));
    EXPECT_LT(ms, 2000.0) << unit;
  }
  const auto prompt = repeated("# Caption\nA calm piano, 120 bpm; it's raining…\n", kSize);
  RecordProperty("prompt_100kB_ms", fmt::format("{:.1f}", encode_ms(prompt)));
  RecordProperty("word_100kB_ms", fmt::format("{:.1f}", encode_ms(repeated("hello", kSize))));
}

TEST(BpeTokenizer, HostileCombiningMarksAreNotQuadratic) {
  std::string text = "a";
  for (int i = 0; i < 25'000; ++i) text += "\u0307\u0323";
  const auto begin = std::chrono::steady_clock::now();
  golden().encode(text);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST(BpeTokenizer, MergesInBothSpellingsAndPlainFilesAgree) {
  auto root = json::parse(golden_text());
  auto& merges = root["model"]["merges"];
  json pairs = json::array();
  std::string lines = "#version: 0.2\n";
  for (const auto& merge : merges) {
    std::string left;
    std::string right;
    if (merge.is_string()) {
      const auto text = merge.get<std::string>();
      left = text.substr(0, text.find(' '));
      right = text.substr(text.find(' ') + 1);
    } else {
      left = merge[0];
      right = merge[1];
    }
    pairs.push_back({left, right});
    lines += left;
    lines += " ";
    lines += right + "\n";
  }
  json added = json::object();
  json decoder = json::object();
  for (const auto& token : root["added_tokens"]) {
    added[token["content"]] = token["id"];
    decoder[std::to_string(token["id"].get<int>())] = token;
  }
  TempFolder folder;
  folder.write("plain/vocab.json", root["model"]["vocab"].dump());
  folder.write("plain/merges.txt", lines);
  folder.write("plain/added_tokens.json", added.dump());
  folder.write("config/vocab.json", root["model"]["vocab"].dump());
  folder.write("config/merges.txt", lines);
  folder.write("config/tokenizer_config.json", json{{"added_tokens_decoder", decoder}}.dump());
  merges = pairs;
  folder.write("pairs/tokenizer.json", root.dump());
  const std::string text = "Hello world, it's the 21st <|im_end|>\n\n  of the month…";
  for (const auto* name : {"plain", "config", "pairs"}) {
    const auto tokenizer = BpeTokenizer::load(folder / name);
    EXPECT_EQ(tokenizer.encode(text), golden().encode(text)) << name;
    EXPECT_EQ(tokenizer.vocab_size(), golden().vocab_size()) << name;
  }
}

}  // namespace
}  // namespace headroom
