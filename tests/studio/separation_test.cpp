#include "studio/separation.h"

#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "studio/random_weights.h"

namespace headroom::studio {
namespace {

models::RoformerConfig small(std::int64_t stems) {
  models::RoformerConfig config;
  config.dim = 8;
  config.depth = 1;
  config.bands = 6;
  config.heads = 2;
  config.head_dim = 4;
  config.stems = stems;
  config.ff_width = 16;
  config.mask_width = 16;
  config.n_fft = 128;
  config.hop = 28;
  config.chunk = 2800;
  return config;
}

models::Roformer network(std::int64_t stems) {
  RandomWeights weights(2);
  return models::bind_roformer(Weights(weights), small(stems));
}

at::Tensor mixture(std::int64_t channels, std::int64_t samples) {
  return diffusion::NoiseGenerator(7).normal({channels, samples}).mul_(0.1);
}

at::Tensor run(const models::Roformer& roformer, const at::Tensor& audio) {
  std::vector<at::Tensor> blocks;
  separate(roformer, audio, roformer.config.sample_rate,
           [&](const at::Tensor& block) { blocks.push_back(block.clone()); });
  return at::cat(blocks, 2);
}

TEST(Separate, GivesBackEveryLength) {
  const auto roformer = network(1);
  for (const std::int64_t samples :
       {100, 1399, 1400, 1401, 2799, 2800, 2801, 4200, 5600, 9999, 14001}) {
    const auto stems = run(roformer, mixture(2, samples));
    ASSERT_EQ(stems.sizes(), (at::IntArrayRef{2, 2, samples}));
    EXPECT_TRUE(at::isfinite(stems).all().item<bool>());
  }
}

TEST(Separate, TwoStemsSumToTheMixture) {
  const auto audio = mixture(2, 9001);
  const auto stems = run(network(1), audio);
  EXPECT_LE((stems[0] + stems[1] - audio).abs().max().item<double>(), 1e-7);
}

TEST(Separate, NetworksOfSeveralStemsGiveTheirOwn) {
  for (const std::int64_t count : {2, 3, 4}) {
    const auto roformer = network(count);
    EXPECT_EQ(run(roformer, mixture(2, 5000)).size(0), count);
    EXPECT_EQ(stem_names(roformer.config).size(), static_cast<size_t>(count));
  }
}

TEST(Separate, GivesEqualBitsFromRunToRun) {
  const auto roformer = network(1);
  EXPECT_TRUE(run(roformer, mixture(2, 9001)).equal(run(roformer, mixture(2, 9001))));
}

// Where it matters what lies around: the middle of a long piece is the same wherever it is cut.
TEST(Separate, BlocksArriveInOrderAndBounded) {
  const auto roformer = network(1);
  std::int64_t longest = 0;
  separate(roformer, mixture(2, 30'000), roformer.config.sample_rate,
           [&](const at::Tensor& block) { longest = std::max(longest, block.size(2)); });
  EXPECT_LE(longest, roformer.config.chunk);
}

TEST(SeparateAtRate, FitsRateAndChannelsOfTheFile) {
  const auto roformer = network(1);
  for (const int rate : {22050, 44100, 48000, 96000}) {
    for (const std::int64_t channels : {1, 2, 3}) {
      const auto audio = mixture(channels, 7001);
      std::int64_t received = 0;
      separate(roformer, audio, rate, [&](const at::Tensor& block) {
        EXPECT_EQ(block.size(0), 2);
        EXPECT_EQ(block.size(1), channels);
        received += block.size(2);
      });
      EXPECT_EQ(received, 7001) << rate << " Hz, " << channels << " channels";
    }
  }
}

}  // namespace
}  // namespace headroom::studio
