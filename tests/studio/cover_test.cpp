#include "studio/cover.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "diffusion/noise.h"
#include "expect_error.h"
#include "studio/model_maker.h"
#include "temp_folder.h"

namespace headroom::studio {
namespace {

class Cover : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempFolder>();
    (void)make_model(folder_->path(), ModelSize::tiny, 1, {"dit", "vae", "text"});
  }
  static void TearDownTestSuite() { folder_.reset(); }

  static CoverSettings settings(double strength) {
    CoverSettings settings;
    settings.prompt.caption = "warm pads";
    settings.strength = strength;
    settings.steps = 2;
    return settings;
  }

  static at::Tensor run(const at::Tensor& audio, const CoverSettings& settings) {
    std::vector<at::Tensor> blocks;
    make_cover(ModelFolder::open(folder_->path()), audio, settings,
               [&](const at::Tensor& block) { blocks.push_back(block.clone()); });
    return at::cat(blocks, 1);
  }

  static std::unique_ptr<TempFolder> folder_;
};
std::unique_ptr<TempFolder> Cover::folder_;

at::Tensor music(std::int64_t samples) {
  return diffusion::NoiseGenerator(8).normal({2, samples}).mul_(0.1);
}

TEST_F(Cover, IsAsLongAsItsSource) {
  for (const std::int64_t samples : {1, 1919, 1920, 9600, 50'001}) {
    const auto cover = run(music(samples), settings(1.0));
    ASSERT_EQ(cover.sizes(), (at::IntArrayRef{2, samples}));
    EXPECT_TRUE(at::isfinite(cover).all().item<bool>());
  }
}

TEST_F(Cover, HasEqualBitsForEqualSettings) {
  const auto audio = music(60'000);
  const auto first = run(audio, settings(0.7));
  EXPECT_TRUE(run(audio, settings(0.7)).equal(first));
  auto other = settings(0.7);
  other.seed = 1;
  EXPECT_FALSE(run(audio, other).equal(first));
  other = settings(0.7);
  other.prompt.caption = "loud drums";
  EXPECT_FALSE(run(audio, other).equal(first));
}

TEST_F(Cover, WithoutStrengthDoesNotDependOnThePrompt) {
  const auto audio = music(60'000);
  auto other = settings(0.0);
  other.prompt.caption = "loud drums";
  EXPECT_TRUE(run(audio, settings(0.0)).equal(run(audio, other)));
}

TEST_F(Cover, GuidanceChangesIt) {
  const auto audio = music(30'000);
  auto guided = settings(1.0);
  guided.guidance = 5.0;
  EXPECT_FALSE(run(audio, guided).equal(run(audio, settings(1.0))));
}

TEST_F(Cover, RefusesBadSettingsBeforeAnyWork) {
  const auto audio = music(9600);
  auto bad = settings(1.5);
  EXPECT_ERROR((void)run(audio, bad), ErrorKind::usage, "strength");
  bad = settings(1.0);
  bad.steps = 0;
  EXPECT_ERROR((void)run(audio, bad), ErrorKind::usage, "steps");
  bad = settings(1.0);
  bad.guidance = 100;
  EXPECT_ERROR((void)run(audio, bad), ErrorKind::usage, "guidance");
}

}  // namespace
}  // namespace headroom::studio
