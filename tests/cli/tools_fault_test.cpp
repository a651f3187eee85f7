// Bad input of the smaller commands: decode, inspect, verify.
#include <fstream>

#include <gtest/gtest.h>

#include "cli/refusal.h"
#include "tensor/safetensors.h"

namespace headroom::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> decode(const std::string& input) {
  return {"decode", input, "-o", "out/x.wav", "--model", "model"};
}

TEST(BadTools, Decode) {
  const Workshop shop;
  shop.write("text.safetensors", "This is not a file of latents.");
  save_safetensors(shop / "other.safetensors", {{"weights", at::zeros({2, 2})}});
  save_safetensors(shop / "half.safetensors", {{"latents", at::zeros({1, 5, 16}, at::kHalf)}});
  save_safetensors(shop / "channels.safetensors", {{"latents", at::zeros({1, 5, 64})}});
  save_safetensors(shop / "frames.safetensors", {{"latents", at::zeros({1, 0, 16})}});
  save_safetensors(shop / "flat.safetensors", {{"latents", at::zeros({16})}});
  save_safetensors(shop / "nan.safetensors", {{"latents", at::full({1, 5, 16}, NAN)}});
  save_safetensors(shop / "huge.safetensors", {{"latents", at::full({1, 5, 16}, 1e38)}});
  expect_refused(shop,
                 {{"missing", decode("nothing.safetensors"), kInput, "nothing.safetensors"},
                  {"folder", decode("model"), kInput, "model: "},
                  {"text", decode("text.safetensors"), kInput, "text.safetensors: "},
                  {"audio", decode("song.wav"), kInput, "song.wav: "},
                  {"other tensors", decode("other.safetensors"), kInput, "has no tensor 'latents'"},
                  {"half", decode("half.safetensors"), kInput, "must be fp32 [1, frames, 16]"},
                  {"channels", decode("channels.safetensors"), kInput, "'latents' is [1, 5, 64]"},
                  {"no frames", decode("frames.safetensors"), kInput, "'latents' is [1, 0, 16]"},
                  {"flat", decode("flat.safetensors"), kInput, "'latents' is [16]"},
                  {"NaN", decode("nan.safetensors"), kInput, "holds NaN or infinity"},
                  {"overflow", decode("huge.safetensors"), kInput, "not the VAE's latents"}});
}

TEST(BadTools, Inspect) {
  const Workshop shop;
  fs::create_directory(shop / "empty");
  shop.write("text.safetensors", "not a checkpoint");
  expect_refused(
      shop, {{"missing", {"inspect", "nothing"}, kInput, "nothing: no such file or folder"},
             {"empty", {"inspect", "empty"}, kCheckpoint, "empty: holds no .safetensors files"},
             {"text", {"inspect", "text.safetensors"}, kCheckpoint, "text.safetensors: "},
             {"audio", {"inspect", "song.wav"}, kCheckpoint, "song.wav: "}});
}

TEST(BadTools, Verify) {
  const Workshop shop;
  shop.write("text.safetensors", "not a golden");
  shop.write("text.json", "{}");
  save_safetensors(shop / "plain.safetensors", {{"x", at::zeros({1})}});
  save_safetensors(shop / "kind.safetensors", {{"x", at::zeros({1})}}, {{"kind", "horoscope"}});
  expect_refused(shop,
                 {{"no files", {"verify"}, kUsage, "FILE is required"},
                  {"missing", {"verify", "nothing.safetensors"}, kInput, "nothing.safetensors"},
                  {"text", {"verify", "text.safetensors"}, kInput, "text.safetensors: "},
                  {"other json", {"verify", "text.json"}, kInput, "text.json: "},
                  {"no golden", {"verify", "plain.safetensors"}, kInput, "plain.safetensors: "},
                  {"unknown kind", {"verify", "kind.safetensors"}, kInput, "kind.safetensors: "}});
}

// Of several files one that cannot be read is that file's failure: the answer is "no".
TEST(BadTools, VerifyOfSeveralFilesGoesOn) {
  const Workshop shop;
  const auto good = std::string(HEADROOM_GOLDEN_DIR) + "/mel_bands.safetensors";
  const auto ran = shop.run({"verify", good, "nothing.safetensors", "--json"});
  EXPECT_EQ(ran.status, 1) << ran.err;
  const auto json = nlohmann::json::parse(ran.out, nullptr, false);
  EXPECT_EQ(json["files"].size(), 2U);
  EXPECT_FALSE(json.value("passed", true));
}

}  // namespace
}  // namespace headroom::test
