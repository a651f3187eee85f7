// What a training writes is what the program loads, and sounds the same.
#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "studio/conditioning.h"
#include "studio/model_folder.h"
#include "studio/model_maker.h"
#include "temp_folder.h"
#include "train/recipes/dit.h"
#include "train/recipes/separator.h"
#include "train/recipes/vae.h"

namespace headroom::train {
namespace {

TEST(Export, TheSketchBinds) {
  const TempFolder folder;
  VaeRecipe vae;
  auto vae_weights = vae.initial(1);
  vae.write(vae_weights, folder.path());
  SeparatorRecipe separator;
  auto separator_weights = separator.initial(1);
  separator.write(separator_weights, folder.path());
  auto model = studio::ModelFolder::open(folder.path());
  DitRecipe dit(model.load_vae_encoder(), sketch_dit_config(), {.songs_for_vocabulary = 30});
  auto dit_weights = dit.initial(1);
  dit.write(dit_weights, folder.path());

  model = studio::ModelFolder::open(folder.path());
  const auto decoder = model.load_vae_decoder();
  EXPECT_EQ(decoder.config.hop(), 1920);
  const auto roformer = model.load_separator();
  EXPECT_EQ(roformer.config.hop, 882);
  EXPECT_EQ(roformer.config.mask_width, 96);
  EXPECT_EQ(model.load_silence().size(2), 64);
  EXPECT_EQ(model.load_null_condition().size(2), model.dit_config().encoder.hidden);
  const auto text = model.load_text_encoder();
  const auto tokenizer = model.load_text_tokenizer();
  EXPECT_EQ(text.config.vocabulary, tokenizer.vocab_size());
  const auto states = studio::encode_prompt(text, tokenizer, {.caption = "drums only"});
  EXPECT_TRUE(at::isfinite(states.text).all().item<bool>());
  (void)model.load_dit();
  (void)model.load_condition_encoder();
  (void)model.load_semantic_tokenizer();
  (void)model.load_semantic_detokenizer();

  std::uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
    if (entry.is_regular_file()) bytes += entry.file_size();
  EXPECT_LT(bytes, 48U << 20U);
}

TEST(Export, SixteenBitsSoundTheSame) {
  const TempFolder folder;
  VaeRecipe vae(studio::vae_config_json(studio::ModelSize::tiny));
  auto weights = vae.initial(1);
  vae.write(weights, folder.path());
  const auto config =
      models::parse_oobleck_config(studio::vae_config_json(studio::ModelSize::tiny), "tiny");
  const at::NoGradGuard no_grad;
  // There and back: what lies between has other units in a file than in a training.
  const auto audio = diffusion::NoiseGenerator(2).normal({1, 2, 6 * config.hop()}) * 0.1;
  const auto round_trip = [&](const auto& encoder, const auto& decoder) {
    return models::decode(decoder, models::posterior(models::encode_moments(encoder, audio)).mean);
  };
  const auto full = round_trip(models::bind_oobleck_encoder(Weights(weights), config),
                               models::bind_oobleck_decoder(Weights(weights), config));
  const auto model = studio::ModelFolder::open(folder.path());
  const auto half = round_trip(model.load_vae_encoder(), model.load_vae_decoder());
  EXPECT_LT((full - half).norm().item<double>(), 0.01 * full.norm().item<double>());
}

}  // namespace
}  // namespace headroom::train
