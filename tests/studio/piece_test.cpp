#include "studio/piece.h"

#include <gtest/gtest.h>

#include "base/json.h"
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

  static PieceSettings settings(double strength) {
    PieceSettings settings;
    settings.prompt.caption = "warm pads";
    settings.strength = strength;
    settings.steps = 2;
    return settings;
  }

  static at::Tensor run(const at::Tensor& audio, const PieceSettings& settings) {
    std::vector<at::Tensor> blocks;
    Studio studio(ModelFolder::open(folder_->path()));
    make_cover(studio, audio, settings,
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

TEST_F(Cover, FollowsAnotherStructureAndTakesAnotherTimbre) {
  const auto audio = music(60'000);
  const auto plain = run(audio, settings(1.0));
  auto other = settings(1.0);
  other.structure = music(30'000).flip(1);
  EXPECT_FALSE(run(audio, other).equal(plain)) << "the structure reference";
  other = settings(1.0);
  other.timbre = music(30'000).flip(1);
  EXPECT_FALSE(run(audio, other).equal(plain)) << "the timbre reference";
  other = settings(1.0);
  other.structure_strength = 0.0;
  const auto free = run(audio, other);
  EXPECT_FALSE(free.equal(plain));
  other.structure = music(30'000).flip(1);
  EXPECT_TRUE(run(audio, other).equal(free)) << "a structure of no strength does not count";
}

TEST_F(Cover, NetworksTakeTurnsInASmallBudget) {
  const auto audio = music(60'000);
  const auto plain = run(audio, settings(0.7));
  // Less and less, until they do not fit side by side.
  std::uint64_t parked = 0;
  for (std::uint64_t mib = 120; parked == 0; --mib) {
    StudioSettings tight;
    tight.memory = mib << 20;
    Studio studio(ModelFolder::open(folder_->path()), tight);
    std::vector<at::Tensor> blocks;
    ASSERT_NO_THROW(make_cover(studio, audio, settings(0.7),
                               [&](const at::Tensor& block) { blocks.push_back(block.clone()); }))
        << mib << " MiB, and nothing had to leave before";
    ASSERT_LT((at::cat(blocks, 1) - plain).abs().max().item<double>(), 1e-3) << mib << " MiB";
    parked = studio.telemetry().counts()["parked"];
  }
}

class Music : public Cover {};

TEST_F(Music, HasTheLengthThatWasAskedFor) {
  Studio studio(ModelFolder::open(folder_->path()));
  std::int64_t samples = 0;
  const auto count = [&](const at::Tensor& block) { samples += block.size(1); };
  make_music(studio, 2.03, settings(1.0), count);
  EXPECT_EQ(samples, 97'440);
  EXPECT_ERROR(make_music(studio, 0.5, settings(1.0), count), ErrorKind::usage, "0.5 s");
  EXPECT_ERROR(make_music(studio, 241.0, settings(1.0), count), ErrorKind::usage, "241 s");
}

class Repaint : public Cover {
 protected:
  static at::Tensor repaint(const at::Tensor& audio, const Region& region) {
    Studio studio(ModelFolder::open(folder_->path()));
    std::vector<at::Tensor> blocks;
    make_repaint(studio, audio, region, settings(1.0),
                 [&](const at::Tensor& block) { blocks.push_back(block.clone()); });
    return at::cat(blocks, 1);
  }
};

TEST_F(Repaint, LeavesTheRestAsItIs) {
  const auto audio = music(240'000);
  const auto made = repaint(audio, {2.0, 3.0});
  ASSERT_EQ(made.sizes(), audio.sizes());
  constexpr std::int64_t fade = 10 * 1920;
  const auto same = [&](std::int64_t begin, std::int64_t end) {
    return made.narrow(1, begin, end - begin).equal(audio.narrow(1, begin, end - begin));
  };
  EXPECT_TRUE(same(0, 96'000 - fade - 1));
  EXPECT_TRUE(same(144'000 + fade + 1, 240'000));
  EXPECT_FALSE(same(96'000, 144'000)) << "the region is new";
}

TEST_F(Repaint, TakesTheEndsOfATrack) {
  const auto audio = music(96'000);
  EXPECT_EQ(repaint(audio, {0.0, 0.5}).sizes(), audio.sizes());
  EXPECT_EQ(repaint(audio, {1.9, 50.0}).sizes(), audio.sizes());
}

TEST_F(Repaint, RefusesRegionsThatAreNone) {
  const auto audio = music(96'000);
  EXPECT_ERROR((void)repaint(audio, {3.0, 4.0}), ErrorKind::usage, "2.00 s");
  EXPECT_ERROR((void)repaint(audio, {1.0, 1.0}), ErrorKind::usage, "region");
  EXPECT_ERROR((void)repaint(audio, {-1.0, 1.0}), ErrorKind::usage, "region");
  EXPECT_ERROR((void)repaint(music(130 * 48000L), {1.0, 125.0}), ErrorKind::usage, "at most 100 s");
}

}  // namespace
}  // namespace headroom::studio
