// The loop: losses fall, a killed training resumes to the very same weights, wrong uses are told.
#include "train/learn/trainer.h"

#include <cmath>
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "expect_error.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"
#include "temp_folder.h"
#include "tensor/safetensors.h"
#include "train/learn/export.h"
#include "train/recipes/dit.h"
#include "train/recipes/vae.h"

namespace headroom::train {
namespace {

// Learns a linear map from examples that follow from seed and step.
class LineRecipe : public Recipe {
 public:
  explicit LineRecipe(std::int64_t killed_at = -1) : killed_at_(killed_at) {}

  std::string name() const override { return "line"; }
  nlohmann::json config() const override { return {{"width", 8}}; }
  Parameters initial(std::uint64_t seed) const override {
    return Parameters(
        {{"weight", {8, 8}}, {"bias", {8}}},
        [&](const std::string&, at::IntArrayRef shape) {
          return at::zeros(shape) + 0.01 * static_cast<double>(seed);
        },
        [](const std::string&) { return false; });
  }
  std::map<std::string, double> learn(Parameters& parameters, std::int64_t step,
                                      std::uint64_t seed) override {
    if (step == killed_at_) std::raise(SIGKILL);
    const auto x =
        diffusion::NoiseGenerator(1000 * seed + static_cast<std::uint64_t>(step)).normal({16, 8});
    const Weights weights(parameters);
    const auto made = at::linear(x, weights("weight", {8, 8}), weights("bias", {8}));
    const auto loss = (made - x.flip(1) - 1.0).square().mean();
    loss.backward();
    return {{"loss", loss.item<double>()}};
  }
  void write(Parameters& weights, const std::filesystem::path& folder) const override {
    write_part(folder / "line", config(), "line.safetensors", weights.all(), at::kFloat);
  }
  std::map<std::string, at::Tensor> read(const std::filesystem::path& folder) const override {
    return read_part(folder / "line", "line.safetensors");
  }

 private:
  std::int64_t killed_at_;
};

TrainSettings settings_for(const std::filesystem::path& out, std::int64_t steps, bool resume) {
  return {.out = out,
          .resume = resume,
          .steps = steps,
          .rate = 0.05,
          .warm_up = 5,
          .checkpoint_minutes = 0.0,
          .quiet = true};
}

TEST(Trainer, TheLossFalls) {
  const TempFolder folder;
  LineRecipe recipe;
  const auto first = run_training(recipe, settings_for(folder / "a", 1, false));
  const auto last = run_training(recipe, settings_for(folder / "a", 120, true));
  EXPECT_LT(last.at("loss"), 0.2 * first.at("loss"));
}

TEST(Trainer, KilledAndResumedIsAsIfNothingHadHappened) {
  // The dying process is this program started anew, which finds the folder in its environment.
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const TempFolder folder;
  setenv("HEADROOM_TEST_KILLED", (folder / "killed").c_str(), /*overwrite=*/0);
  const std::filesystem::path killed = std::getenv("HEADROOM_TEST_KILLED");
  EXPECT_EXIT(
      {
        LineRecipe mortal(7);
        run_training(mortal, settings_for(killed, 12, true));
      },
      testing::KilledBySignal(SIGKILL), "");
  EXPECT_EQ(SafetensorsFile::open(killed / "state.safetensors").metadata().at("step"), "7");
  LineRecipe recipe;
  const auto resumed = run_training(recipe, settings_for(killed, 12, true));
  const auto whole = run_training(recipe, settings_for(folder / "whole", 12, false));
  EXPECT_EQ(resumed.at("loss"), whole.at("loss"));
  const auto a = SafetensorsFile::open(killed / "state.safetensors");
  const auto b = SafetensorsFile::open(folder / "whole/state.safetensors");
  ASSERT_EQ(a.entries().size(), 7U) << "weights, averages, moments; no second ones of a matrix";
  for (const auto& entry : a.entries())
    EXPECT_TRUE(at::equal(a.tensor(entry.name), b.tensor(entry.name))) << entry.name;
}

TEST(Trainer, StatesAreNotMixedUp) {
  const TempFolder folder;
  LineRecipe recipe;
  run_training(recipe, settings_for(folder / "a", 2, false));
  EXPECT_ERROR(run_training(recipe, settings_for(folder / "a", 4, false)), ErrorKind::usage,
               "--resume");
  VaeRecipe other(studio::vae_config_json(studio::ModelSize::tiny));
  EXPECT_ERROR(run_training(other, settings_for(folder / "a", 4, true)), ErrorKind::checkpoint,
               "another training");
}

TEST(Trainer, BeginsWithTheWeightsOfAModel) {
  const TempFolder folder;
  LineRecipe recipe;
  run_training(recipe, settings_for(folder / "a", 5, false));
  auto settings = settings_for(folder / "b", 0, false);
  settings.from = folder / "a" / "model";
  run_training(recipe, settings);
  const auto a = recipe.read(folder / "a" / "model");
  const auto b = recipe.read(folder / "b" / "model");
  EXPECT_TRUE(at::equal(a.at("weight"), b.at("weight")));
  EXPECT_GT(a.at("weight").abs().max().item<double>(), 0.02) << "five steps have changed it";
  VaeRecipe other(studio::vae_config_json(studio::ModelSize::tiny));
  settings.out = folder / "c";
  EXPECT_ERROR(run_training(other, settings), ErrorKind::checkpoint, "vae");
}

TEST(Trainer, AGradientThatIsNoNumberChangesNothing) {
  LineRecipe recipe;
  auto parameters = recipe.initial(1);
  Optimizer optimizer(parameters, {});
  const auto before = parameters.all().at("weight").detach().clone();
  const Weights weights(parameters);
  (weights("weight", {8, 8}) / 0.0).sum().backward();
  EXPECT_FALSE(std::isfinite(optimizer.step(0.1)));
  EXPECT_TRUE(at::equal(parameters.all().at("weight").detach(), before));
  EXPECT_FALSE(parameters.all().at("weight").grad().defined());
}

TEST(Trainer, TheTransformerLearnsInTwentySteps) {
  const auto vae_config =
      models::parse_oobleck_config(studio::vae_config_json(studio::ModelSize::tiny), "tiny");
  studio::RandomWeights random(4);
  auto json = studio::dit_config_json(studio::ModelSize::tiny);
  const TempFolder folder;
  DitExamples examples{.batch = 4, .songs_for_vocabulary = 30, .vocabulary = 400};
  examples.covers = {.frames = 20, .width = 2, .steps_per_song = 1000, .cache = folder / "cache"};
  DitRecipe recipe(models::bind_oobleck_encoder(Weights(random), vae_config), json, examples);
  auto parameters = recipe.initial(1);
  Optimizer optimizer(parameters, recipe.optimizer());
  double first = 0.0;
  double last = 0.0;
  for (int step = 0; step < 20; ++step) {
    const double loss = recipe.learn(parameters, step, 1).at("loss");
    if (step < 4) first += loss;
    if (step >= 16) last += loss;
    optimizer.step(3e-3);
  }
  EXPECT_LT(last, 0.85 * first);
  // Another recipe finds the latents on disk and takes the same step.
  DitRecipe again(models::bind_oobleck_encoder(Weights(random), vae_config), json, examples);
  auto fresh = again.initial(1);
  auto same = recipe.initial(1);
  EXPECT_EQ(again.learn(fresh, 0, 1), recipe.learn(same, 0, 1));
}

TEST(Trainer, TheVaeLearnsInTwentySteps) {
  auto json = studio::vae_config_json(studio::ModelSize::tiny);
  VaeRecipe recipe(
      json,
      {.batch = 1, .frames = 8, .clips = {.width = 1, .steps_per_song = 1000, .seconds = 1.0}});
  auto parameters = recipe.initial(1);
  Optimizer optimizer(parameters, recipe.optimizer());
  double first = 0.0;
  double last = 0.0;
  for (int step = 0; step < 20; ++step) {
    const double loss = recipe.learn(parameters, step, 1).at("loss");
    if (step < 4) first += loss;
    if (step >= 16) last += loss;
    optimizer.step(3e-3);
  }
  EXPECT_LT(last, 0.85 * first);
}

TEST(Trainer, AFrozenEncoderStaysAsItIs) {
  VaeRecipe recipe(studio::vae_config_json(studio::ModelSize::tiny),
                   {.batch = 1,
                    .frames = 8,
                    .clips = {.width = 1, .steps_per_song = 1000, .seconds = 1.0},
                    .freeze_encoder = true});
  auto parameters = recipe.initial(1);
  const auto untouched = recipe.initial(1);
  Optimizer optimizer(parameters, recipe.optimizer());
  recipe.learn(parameters, 0, 1);
  optimizer.step(1e-3);
  for (const auto& [name, tensor] : parameters.all()) {
    EXPECT_EQ(at::equal(tensor.detach(), untouched.all().at(name).detach()),
              name.starts_with("encoder."))
        << name;
  }
  const TempFolder folder;
  recipe.write(optimizer.average(), folder.path());
  for (const auto& [name, tensor] : recipe.read(folder.path())) {
    if (!name.starts_with("encoder.")) continue;
    const auto before = untouched.all().at(name).detach().to(at::kHalf).to(at::kFloat);
    EXPECT_TRUE(at::equal(tensor.to(at::kFloat), before))
        << name << ": latents of old would not fit";
  }
}

}  // namespace
}  // namespace headroom::train
