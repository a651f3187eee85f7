// Every case of the reference, id by id.
#include <gtest/gtest.h>

#include "base/strict_json.h"
#include "base/text.h"
#include "models/bpe_tokenizer.h"

namespace headroom {
namespace {

using Ids = std::vector<std::int64_t>;

TEST(BpeTokenizerGolden, MatchesTheReference) {
  const std::filesystem::path folder = HEADROOM_GOLDEN_DIR;
  const auto tokenizer = BpeTokenizer::load(folder / "bpe_tokenizer.json");
  const auto expected = parse_strict_json(read_text_file(folder / "bpe_expected.json", 1 << 20),
                                          ErrorKind::input, "bpe_expected.json");
  EXPECT_EQ(tokenizer.vocab_size(), expected.at("vocab_size").get<std::int64_t>());
  EXPECT_EQ(tokenizer.end_id(), expected.at("eos_id").get<std::int64_t>());
  size_t truncated = 0;
  for (const auto& item : expected.at("cases")) {
    const auto text = item.at("text").get<std::string>();
    EXPECT_EQ(tokenizer.encode(text), item.at("ids").get<Ids>()) << item.at("text").dump();
    EXPECT_EQ(tokenizer.encode_with_end(text), item.at("ids_with_special").get<Ids>());
    if (item.contains("max_length")) {
      EXPECT_EQ(tokenizer.encode_with_end(text, item.at("max_length").get<size_t>()),
                item.at("ids_truncated").get<Ids>());
      ++truncated;
    }
  }
  EXPECT_EQ(expected.at("cases").size(), 49U);
  EXPECT_GT(truncated, 0U);
}

}  // namespace
}  // namespace headroom
