// The learnt vocabulary through the program's own tokenizer.
#include "train/text/vocabulary.h"

#include <gtest/gtest.h>

#include "models/bpe_tokenizer.h"
#include "studio/prompt.h"
#include "train/recipes/captions.h"

namespace headroom::train {
namespace {

TEST(Vocabulary, MergesWhatIsCommon) {
  const auto tokenizer = BpeTokenizer::parse(
      learn_vocabulary({"low low low lower lowest", "new newer <|endoftext|>"}, 300), "learnt");
  EXPECT_EQ(tokenizer.encode("low").size(), 1U);
  EXPECT_EQ(tokenizer.encode("<|endoftext|>").size(), 1U);
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("höher, lower")), "höher, lower");
  EXPECT_LT(tokenizer.vocab_size(), 300);
}

TEST(Vocabulary, PromptsBecomeShort) {
  const auto texts = sample_texts(40);
  const auto json = learn_vocabulary(texts, 600);
  EXPECT_EQ(json, learn_vocabulary(texts, 600));
  const auto tokenizer = BpeTokenizer::parse(json, "learnt");
  EXPECT_EQ(tokenizer.vocab_size(), 600);
  studio::Prompt prompt;
  prompt.caption = "soft pads, no drums, slow";
  const auto text = studio::text_prompt(prompt);
  const auto ids = tokenizer.encode(text);
  EXPECT_EQ(tokenizer.decode(ids), text);
  EXPECT_LT(ids.size(), text.size() / 2);
}

}  // namespace
}  // namespace headroom::train
