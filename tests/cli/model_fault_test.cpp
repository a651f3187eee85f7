// Model folders with something missing, and configurations that describe another network.
#include <gtest/gtest.h>

#include "cli/model_damage.h"
#include "cli/refusal.h"

namespace headroom::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// One damage to a fresh copy of the model, and what a run says about it.
struct Damage {
  std::string label;
  std::function<void(const fs::path&)> make;
  std::string says;
  bool stems = false;
  std::vector<std::string> more = {};
};

void expect_damages_refused(const std::vector<Damage>& damages) {
  const Workshop shop;
  for (const auto& damage : damages) {
    const auto model = shop.copy_model("bad");
    damage.make(model);
    std::vector<std::string> more{"--model", "bad"};
    more.insert(more.end(), damage.more.begin(), damage.more.end());
    expect_refused(
        shop, {damage.label, damage.stems ? stems_of("song.wav", more) : cover_of("song.wav", more),
               kCheckpoint, damage.says});
    fs::remove_all(model);
  }
}

// A configuration with one field changed.
Damage field(const std::string& part, const std::string& name, const json& value,
             const std::string& says) {
  return {part + " " + name + " = " + value.dump(),
          [=](const fs::path& model) {
            edit_json(model / part / "config.json", [&](json& config) { config[name] = value; });
          },
          says, part == kSeparatorFolder};
}

Damage without(const std::string& file, const std::string& says, bool stems = false) {
  return {"without " + file, [=](const fs::path& model) { fs::remove_all(model / file); }, says,
          stems};
}

Damage replaced(const std::string& file, const std::string& bytes, const std::string& says,
                bool stems = false) {
  return {file + " replaced", [=](const fs::path& model) { write_file(model / file, bytes); }, says,
          stems};
}

TEST(BadModel, MissingParts) {
  const Workshop shop;
  shop.write("text.txt", "no model");
  fs::create_directory(shop / "empty");
  expect_refused(
      shop,
      {{"no folder", cover_of("song.wav", {"--model", "nowhere"}), kCheckpoint,
        "nowhere: no such model"},
       {"empty", cover_of("song.wav", {"--model", "empty"}), kCheckpoint, "the model has no VAE"},
       {"a text file", stems_of("song.wav", {"--model", "text.txt"}), kCheckpoint, "text.txt: "},
       {"separator as model", cover_of("song.wav", {"--model", "text.txt"}), kCheckpoint, "no VAE"},
       {"unknown variant", cover_of("song.wav", {"--variant", "acestep-v15-nope"}), kCheckpoint,
        "acestep-v15-nope: the model has no diffusion transformer"}});
  expect_damages_refused(
      {without(kDitFolder, "no diffusion transformer here"),
       without("vae", "no VAE here"),
       without(kTextFolder, "no text encoder here"),
       without(kSeparatorFolder, "no separator here", true),
       without(kDitFolder + "/config.json", "config.json: no such file"),
       without("vae/config.json", "config.json: no such file"),
       without(kTextFolder + "/config.json", "config.json: no such file"),
       without(kTextFolder + "/tokenizer.json", "tokenizer.json"),
       without(kDitFolder + "/silence_latent.pt", "silence_latent.pt"),
       without(kDitFolder + "/model.safetensors", "no *.safetensors file in this folder"),
       without("vae/diffusion_pytorch_model.safetensors", "no *.safetensors file"),
       {"two transformers",
        [](const fs::path& model) {
          fs::copy(model / kDitFolder, model / "acestep-v15-base", fs::copy_options::recursive);
        },
        "choose one with --variant"}});
}

TEST(BadModel, Configurations) {
  const std::string dit = kDitFolder + "/config.json";
  expect_damages_refused(
      {replaced(dit, "", "config.json: "),
       replaced(dit, "hello", "config.json: "),
       replaced(dit, "[1, 2]", "not a JSON object"),
       replaced(dit, "{\"hidden_size\": 64", "config.json: "),
       replaced(dit, std::string(100'000, '['), "config.json: "),
       replaced(dit, "{}", "is missing"),
       replaced("vae/config.json", "{\"sampling_rate\": NaN}", "config.json: "),
       replaced(kTextFolder + "/config.json", "null", "not a JSON object"),
       replaced(kSeparatorFolder + "/config.json", "nonsense", "config.json: ", true),
       field(kDitFolder, "hidden_size", "64", "field 'hidden_size' must be an integer"),
       field(kDitFolder, "hidden_size", -64, "is -64, must lie in"),
       field(kDitFolder, "hidden_size", 0, "is 0, must lie in"),
       field(kDitFolder, "hidden_size", 1e12, "must be an integer"),
       field(kDitFolder, "hidden_size", 1'000'000'000'000, "must lie in"),
       field(kDitFolder, "hidden_size", 128, "this is another model"),
       field(kDitFolder, "num_hidden_layers", 1'000'000, "must lie in"),
       field(kDitFolder, "num_hidden_layers", 5, "no tensor"),
       field(kDitFolder, "num_key_value_heads", 3, "does not divide the 4 attention heads"),
       field(kDitFolder, "head_dim", 15, "must be even"),
       field(kDitFolder, "hidden_act", "gelu", "only \"silu\" is implemented"),
       field(kDitFolder, "attention_bias", true, "only false is implemented"),
       field(kDitFolder, "in_channels", 47, "must be three times"),
       field(kDitFolder, "rms_norm_eps", -1, "must be a positive number"),
       field(kDitFolder, "rope_theta", "big", "must be a number"),
       field(kDitFolder, "patch_size", 3, "this is another model"),
       field(kDitFolder, "fsq_input_levels", json::array(), "must be a list of integers"),
       field(kDitFolder, "layer_types", {"linear_attention"}, "unknown kind \"linear_attention\""),
       field(kDitFolder, "layer_types", "full", "must be a list of layer kinds")});
}

TEST(BadModel, OtherConfigurations) {
  expect_damages_refused(
      {field("vae", "downsampling_ratios", {2, 4, 4, 6}, "must have as many entries"),
       field("vae", "downsampling_ratios", {1000, 1000, 1000, 1000, 1000},
             "more samples per frame"),
       field("vae", "downsampling_ratios", {2, 4, 4, 6, 0}, "must lie in"),
       field("vae", "sampling_rate", -48000, "must lie in"),
       field("vae", "audio_channels", 1, "this is another model"),
       field("vae", "decoder_channels", 16, "this is another model"),
       field(kTextFolder, "hidden_act", "gelu", "only \"silu\" is implemented"),
       field(kTextFolder, "vocab_size", 100, "this is another model"),
       field(kTextFolder, "use_sliding_window", true, "only false is implemented"),
       field(kSeparatorFolder, "chunk_size", -1, "chunk_size"),
       field(kSeparatorFolder, "stft_n_fft", 0, "stft_n_fft"),
       field(kSeparatorFolder, "chunk_size", 100, "too short for the STFT"),
       field(kSeparatorFolder, "stft_win_length", 1024, "only equal values are implemented"),
       field(kSeparatorFolder, "stft_normalized", true, "only false is implemented"),
       field(kSeparatorFolder, "sample_rate", "fast", "sample_rate")});
}

TEST(BadModel, TokenizerAndSilence) {
  const auto tokenizer = kTextFolder + "/tokenizer.json";
  const auto silence = kDitFolder + "/silence_latent.pt";
  expect_damages_refused({replaced(tokenizer, "", "tokenizer.json"),
                          replaced(tokenizer, "{\"model\": 5}", "tokenizer.json"),
                          replaced(tokenizer, std::string(1000, '\xFE'), "tokenizer.json"),
                          {"token ids beyond the embedding",
                           [=](const fs::path& model) {
                             edit_json(model / tokenizer, [](json& j) {
                               for (auto& [token, id] : j["model"]["vocab"].items())
                                 id = id.get<int>() + 100'000;
                             });
                           },
                           "do not belong together"},
                          replaced(silence, "", "silence_latent.pt"),
                          replaced(silence, "not a zip archive", "silence_latent.pt"),
                          {"half of the silence",
                           [=](const fs::path& model) {
                             fs::resize_file(model / silence, fs::file_size(model / silence) / 2);
                           },
                           "silence_latent.pt"}});
}

}  // namespace
}  // namespace headroom::test
