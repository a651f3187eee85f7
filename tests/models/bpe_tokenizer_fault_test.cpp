// Tokenizer files that describe something else, or nothing: each is refused with one clear line.
#include <functional>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"
#include "expect_error.h"
#include "models/bpe_tokenizer.h"
#include "temp_folder.h"

namespace headroom {
namespace {

using nlohmann::json;

json golden() {
  return json::parse(
      read_text_file(std::filesystem::path(HEADROOM_GOLDEN_DIR) / "bpe_tokenizer.json", 1 << 20));
}

struct Hostile {
  const char* label;
  std::function<void(json&)> change;
  const char* says;
};

void refuse_all(const std::vector<Hostile>& table) {
  for (const auto& [label, change, says] : table) {
    SCOPED_TRACE(label);
    auto root = golden();
    change(root);
    const auto text = root.dump();
    EXPECT_ERROR(BpeTokenizer::parse(text, "hostile"), ErrorKind::checkpoint, says);
  }
}

TEST(BpeTokenizerFault, AnotherKindOfTokenizer) {
  const auto steps = [](json& r) -> json& { return r["pre_tokenizer"]["pretokenizers"]; };
  refuse_all({
      {"an array", [](json& r) { r = json::array(); }, "the file must be an object"},
      {"no normalizer", [](json& r) { r.erase("normalizer"); }, "the file has no \"normalizer\""},
      {"null normalizer", [](json& r) { r["normalizer"] = nullptr; },
       "normalizer must be an object"},
      {"NFKC", [](json& r) { r["normalizer"]["type"] = "NFKC"; },
       "normalizer must have type \"NFC\", this one has \"NFKC\""},
      {"no pre-tokenizer", [](json& r) { r.erase("pre_tokenizer"); }, "no \"pre_tokenizer\""},
      {"one step", [&](json& r) { steps(r).erase(1); }, "must have two steps"},
      {"steps are text", [&](json& r) { steps(r) = "Split"; }, "must have two steps"},
      {"GPT-2 pattern", [&](json& r) { steps(r)[0]["pattern"]["Regex"] = "\\p{N}{1,3}"; },
       "the split pattern must have Regex"},
      {"string pattern",
       [&](json& r) {
         steps(r)[0]["pattern"] = {{"String", " "}};
       },
       "the split pattern has no \"Regex\""},
      {"removed", [&](json& r) { steps(r)[0]["behavior"] = "Removed"; }, "behavior \"Isolated\""},
      {"inverted", [&](json& r) { steps(r)[0]["invert"] = true; }, "invert false"},
      {"prefix space", [&](json& r) { steps(r)[1]["add_prefix_space"] = true; },
       "add_prefix_space false"},
      {"own regex", [&](json& r) { steps(r)[1]["use_regex"] = true; }, "use_regex false"},
      {"unigram", [](json& r) { r["model"]["type"] = "Unigram"; }, "model must have type \"BPE\""},
      {"dropout", [](json& r) { r["model"]["dropout"] = 0.1; }, "model must have dropout null"},
      {"unknown token", [](json& r) { r["model"]["unk_token"] = "<unk>"; }, "unk_token null"},
      {"byte fallback", [](json& r) { r["model"]["byte_fallback"] = true; }, "byte_fallback false"},
      {"ignored merges", [](json& r) { r["model"]["ignore_merges"] = true; },
       "ignore_merges false"},
      {"word ends", [](json& r) { r["model"]["end_of_word_suffix"] = "</w>"; },
       "end_of_word_suffix null"},
  });
}

TEST(BpeTokenizerFault, Vocabulary) {
  const auto vocab = [](json& r) -> json& { return r["model"]["vocab"]; };
  refuse_all({
      {"no model", [](json& r) { r.erase("model"); }, "no \"model\""},
      {"no vocab", [](json& r) { r["model"].erase("vocab"); }, "model has no \"vocab\""},
      {"an array", [&](json& r) { vocab(r) = json::array(); }, "vocab must be an object"},
      {"empty", [&](json& r) { vocab(r) = json::object(); }, "vocab has no token"},
      {"missing byte", [&](json& r) { vocab(r).erase("Ġ"); }, "for the single byte 32"},
      {"missing result",
       [&](json& r) {
         auto& merges = r["model"]["merges"];
         const auto last = merges.back();
         vocab(r).erase(last.is_string() ? [&] {
           auto text = last.get<std::string>();
           return text.erase(text.find(' '), 1);
         }()
                                         : last[0].get<std::string>() + last[1].get<std::string>());
       },
       "is not in vocab"},
      {"text id", [&](json& r) { vocab(r)["a"] = "64"; }, "the id of token \"a\" must be a whole"},
      {"negative id", [&](json& r) { vocab(r)["a"] = -1; }, "must be a whole number"},
      {"fraction", [&](json& r) { vocab(r)["a"] = 64.0; }, "must be a whole number"},
      {"huge id", [&](json& r) { vocab(r)["a"] = 1 << 20; }, "below 1048576"},
      {"id twice", [&](json& r) { vocab(r)["a"] = 65; }, "the id 65 of another token"},
      {"empty token", [&](json& r) { vocab(r)[""] = 600; }, "an empty token"},
      {"space", [&](json& r) { vocab(r)["a b"] = 600; }, "not a byte-level vocabulary"},
      {"not a byte", [&](json& r) { vocab(r)["漢"] = 600; }, "not a byte-level vocabulary"},
  });
}

TEST(BpeTokenizerFault, MergesAndAddedTokens) {
  const auto merges = [](json& r) -> json& { return r["model"]["merges"]; };
  const auto added = [](json& r) -> json& { return r["added_tokens"]; };
  refuse_all({
      {"no merges", [](json& r) { r["model"].erase("merges"); }, "model has no \"merges\""},
      {"merges are text", [&](json& r) { merges(r) = "a b"; }, "merges must be an array"},
      {"a number", [&](json& r) { merges(r).push_back(1); }, "a merge must be"},
      {"three",
       [&](json& r) {
         merges(r).push_back({"a", "b", "c"});
       },
       "a merge must be"},
      {"one word", [&](json& r) { merges(r).push_back("ab"); }, "two tokens and one space"},
      {"two spaces", [&](json& r) { merges(r).push_back("a  b"); }, "two tokens and one space"},
      {"trailing space", [&](json& r) { merges(r).push_back("a "); }, "two tokens and one space"},
      {"no such part",
       [&](json& r) {
         merges(r).push_back({"a", "zzzz"});
       },
       "the token \"zzzz\" is not in vocab"},
      {"no such result",
       [&](json& r) {
         merges(r).push_back({"~", "|"});
       },
       "the token \"~|\" is not in vocab"},
      {"twice", [&](json& r) { merges(r).push_back(merges(r)[0]); }, "is there twice"},
      {"no added tokens", [](json& r) { r.erase("added_tokens"); }, "no \"added_tokens\""},
      {"an object", [&](json& r) { added(r) = json::object(); }, "added_tokens must be an array"},
      {"a text", [&](json& r) { added(r)[0] = "<|endoftext|>"; }, "must be an object"},
      {"no content", [&](json& r) { added(r)[0].erase("content"); }, "no \"content\""},
      {"empty content", [&](json& r) { added(r)[0]["content"] = ""; }, "must be a text"},
      {"content is a number", [&](json& r) { added(r)[0]["content"] = 1; }, "must be a text"},
      {"id of another", [&](json& r) { added(r)[0]["id"] = 3; }, "the id 3 of another token"},
      {"normalized", [&](json& r) { added(r)[0]["normalized"] = true; }, "normalized false"},
      {"strips", [&](json& r) { added(r)[0]["lstrip"] = true; }, "lstrip false"},
      {"no end", [&](json& r) { added(r).erase(0); }, "no added token \"<|endoftext|>\""},
      {"added twice",
       [&](json& r) {
         added(r).push_back(added(r)[1]);
         added(r).back()["id"] = 700;
       },
       "is there twice"},
  });
}

TEST(BpeTokenizerFault, Text) {
  const auto refuse = [](const std::string& text, const char* says) {
    EXPECT_ERROR(BpeTokenizer::parse(text, "hostile"), ErrorKind::checkpoint, says);
  };
  refuse("", "not valid JSON");
  refuse("{", "not valid JSON");
  refuse(std::string("{}\0", 3), "not valid JSON at byte 3");
  refuse("{\"a\":\"\xff\"}", "not valid JSON");
  refuse(std::string(1'000'000, '['), "nested deeper than");
  refuse(R"({"model":{"vocab":{"a":1,"a":2}}})", "the key \"a\" is there twice");
}

TEST(BpeTokenizerFault, ManyObjectsAreNotQuadratic) {
  std::string text = "[{}";
  for (int i = 0; i < 300'000; ++i) text += ",{}";
  EXPECT_ERROR(BpeTokenizer::parse(text + "]", "hostile"), ErrorKind::checkpoint,
               "the file must be an object");
}

TEST(BpeTokenizerFault, Folders) {
  TempFolder folder;
  const auto refuse = [](const std::filesystem::path& path, const char* says) {
    EXPECT_ERROR(BpeTokenizer::load(path), ErrorKind::checkpoint, says);
  };
  refuse(folder / "none.json", "none.json: no such file");
  refuse(folder.path(), "neither tokenizer.json nor vocab.json");
  const auto vocab = golden()["model"]["vocab"].dump();
  folder.write("vocab.json", "[]");
  refuse(folder.path(), "vocab.json: vocab must be an object");
  folder.write("vocab.json", vocab);
  refuse(folder.path(), "merges.txt: no such file");
  folder.write("merges.txt", "#version: 0.2\nh e\nh e\n");
  refuse(folder.path(), "merges.txt: merge");
  folder.write("merges.txt", "");
  refuse(folder.path(), "added_tokens.json: no such file");
  folder.write("added_tokens.json", "[]");
  refuse(folder.path(), "added_tokens.json: must be an object");
  folder.write("added_tokens.json", "{}");
  refuse(folder.path(), "no added token");
  folder.write("tokenizer_config.json", "{}");
  refuse(folder.path(), "tokenizer_config.json: the file has no \"added_tokens_decoder\"");
  folder.write("tokenizer_config.json", R"({"added_tokens_decoder":{"1a":{"content":"x"}}})");
  refuse(folder.path(), "\"1a\" is not an id");
  folder.write("tokenizer_config.json", R"({"added_tokens_decoder":{"600":"x"}})");
  refuse(folder.path(), "must be an object");
  std::filesystem::create_symlink(folder / "gone", folder / "tokenizer.json");
  refuse(folder.path(), "tokenizer.json: no such file");
}

}  // namespace
}  // namespace headroom
