#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "base/json.h"
#include "expect_error.h"
#include "studio/model_folder.h"
#include "studio/model_maker.h"
#include "temp_folder.h"
#include "tensor/safetensors.h"
#include "tensor/torch_archive.h"

namespace headroom::studio {
namespace {

namespace fs = std::filesystem;

TEST(ModelFolder, SaysWhichPartIsMissing) {
  const TempFolder folder;
  const auto model = ModelFolder::open(folder.path());
  EXPECT_ERROR((void)model.load_dit(), ErrorKind::checkpoint, "no diffusion transformer");
  EXPECT_ERROR((void)model.load_vae_encoder(), ErrorKind::checkpoint, "no VAE");
  EXPECT_ERROR((void)model.load_text_encoder(), ErrorKind::checkpoint, "no text encoder");
  EXPECT_ERROR((void)model.load_separator(), ErrorKind::checkpoint, "no separator");
  EXPECT_ERROR((void)ModelFolder::open(folder / "nothing"), ErrorKind::checkpoint, "no such model");
}

TEST(ModelFolder, OfSeveralModelsWantsOneNamed) {
  const TempFolder folder;
  (void)make_model(folder.path(), ModelSize::tiny, 1, {"dit"});
  fs::copy(folder / "acestep-v15-turbo", folder / "acestep-v15-base", fs::copy_options::recursive);
  EXPECT_ERROR((void)ModelFolder::open(folder.path()), ErrorKind::checkpoint, "--variant");
  EXPECT_EQ(ModelFolder::open(folder.path(), "acestep-v15-base").dit_config().decoder.hidden, 64);
  EXPECT_EQ(ModelFolder::open(folder / "acestep-v15-base").dit_config().decoder.hidden, 64);
}

TEST(ModelFolder, ItsNameTellsTheShift) {
  const TempFolder folder;
  for (const auto& [name, shift] :
       std::map<std::string, double>{{"acestep-v15-turbo", 3.0},
                                     {"acestep-v15-turbo-shift1", 1.0},
                                     {"acestep-v15-turbo-shift2", 2.0},
                                     {"acestep-v15-turbo-shift", 3.0},
                                     {"acestep-v15-turbo-shift12", 3.0},
                                     {"acestep-v15-turbo-shift0", 3.0}}) {
    fs::create_directories(folder / name);
    EXPECT_EQ(ModelFolder::open(folder.path(), name).shift(), shift) << name;
  }
}

TEST(ModelFolder, ChecksTheSilenceLatent) {
  const TempFolder folder;
  (void)make_model(folder.path(), ModelSize::tiny, 1, {"dit"});
  const auto model = ModelFolder::open(folder.path());
  EXPECT_EQ(model.load_silence().sizes(), (at::IntArrayRef{1, 1500, 16}));
  save_torch_tensor(folder / "acestep-v15-turbo/silence_latent.pt", at::zeros({1, 3, 10}));
  EXPECT_ERROR((void)model.load_silence(), ErrorKind::checkpoint, "[1, 3, 10]");
}

TEST(ModelFolder, SaysWhichPartsAreNotOfOneModel) {
  const TempFolder folder;
  (void)make_model(folder.path(), ModelSize::tiny, 1, {"dit", "vae", "text"});
  const auto model = ModelFolder::open(folder.path());
  EXPECT_EQ(model.configs().vae.latent_channels, 16);
  const auto change = [](const fs::path& file, const char* field, int value) {
    auto config = models::load_json(file);
    config[field] = value;
    std::ofstream(file) << config.dump();
  };
  change(folder / "Qwen3-Embedding-0.6B/config.json", "hidden_size", 48);
  EXPECT_ERROR((void)model.configs(), ErrorKind::checkpoint, "states of width 48");
  change(folder / "vae/config.json", "decoder_input_channels", 64);
  EXPECT_ERROR((void)model.configs(), ErrorKind::checkpoint, "latents of 64 channels");
}

TEST(ModelFolder, LoadsShardsLikeOneFile) {
  const TempFolder folder;
  (void)make_model(folder.path(), ModelSize::tiny, 1, {"dit"});
  const auto dit = folder / "acestep-v15-turbo";
  const auto whole = ModelFolder::open(folder.path()).load_dit();
  const auto file = SafetensorsFile::open(dit / "model.safetensors");
  std::map<std::string, at::Tensor> shards[2];
  nlohmann::json map;
  for (size_t i = 0; i < file.entries().size(); ++i) {
    const auto& name = file.entries()[i].name;
    shards[i % 2][name] = file.tensor(name);
    map[name] =
        i % 2 == 0 ? "model-00001-of-00002.safetensors" : "model-00002-of-00002.safetensors";
  }
  save_safetensors(dit / "model-00001-of-00002.safetensors", shards[0]);
  save_safetensors(dit / "model-00002-of-00002.safetensors", shards[1]);
  fs::remove(dit / "model.safetensors");
  folder.write("acestep-v15-turbo/model.safetensors.index.json",
               nlohmann::json{{"metadata", nlohmann::json::object()}, {"weight_map", map}}.dump());
  const auto sharded = ModelFolder::open(folder.path()).load_dit();
  EXPECT_TRUE(sharded.patch_in.weight.equal(whole.patch_in.weight));
  EXPECT_TRUE(sharded.layers.back().mlp.down.weight.equal(whole.layers.back().mlp.down.weight));
}

TEST(MakeModel, IsTheSameForTheSameSeed) {
  const TempFolder folder;
  (void)make_model(folder / "a", ModelSize::tiny, 1, {"vae"});
  (void)make_model(folder / "b", ModelSize::tiny, 1, {"vae"});
  (void)make_model(folder / "c", ModelSize::tiny, 2, {"vae"});
  const auto weight = [&](const char* name) {
    return SafetensorsFile::open(folder.path() / name / "vae/diffusion_pytorch_model.safetensors")
        .tensor("decoder.conv1.weight_v")
        .clone();
  };
  EXPECT_TRUE(weight("a").equal(weight("b")));
  EXPECT_FALSE(weight("a").equal(weight("c")));
}

TEST(MakeModel, RefusesUnknownWords) {
  const TempFolder folder;
  EXPECT_ERROR((void)parse_model_size("huge"), ErrorKind::usage, "tiny, 2b, xl");
  EXPECT_ERROR((void)make_model(folder.path(), ModelSize::tiny, 1, {"drums"}), ErrorKind::usage,
               "drums");
  EXPECT_ERROR((void)make_model("/proc/model", ModelSize::tiny, 1, {}), ErrorKind::output,
               "/proc/model");
}

}  // namespace
}  // namespace headroom::studio
