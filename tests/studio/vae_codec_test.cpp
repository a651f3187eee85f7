#include "studio/vae_codec.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "diffusion/noise.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"

namespace headroom::studio {
namespace {

// The published ratios (so the published receptive field) at small widths.
models::OobleckConfig config() {
  return models::parse_oobleck_config(vae_config_json(ModelSize::tiny), "tiny");
}

at::Tensor audio(std::int64_t samples) {
  return diffusion::NoiseGenerator(5).normal({1, 2, samples}).mul_(0.2);
}

// The reference's rule for the VAE: 2e-4 of the larger of 1 and the largest value.
double relative_error(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>() / std::max(1.0, b.abs().max().item<double>());
}

TEST(EncodeAudio, InChunksEqualsOneRunAtEveryMarginFromEight) {
  RandomWeights weights(3);
  const auto encoder = models::bind_oobleck_encoder(Weights(weights), config());
  const auto hop = encoder.config.hop();
  const auto samples = 200 * hop + 777;
  const auto whole = models::encode_moments(encoder, audio(samples));
  for (std::int64_t margin = 8; margin <= 64; margin += margin < 16 ? 1 : 12) {
    const EncodeLimits limits{
        .most_samples = (2 * margin + 30) * hop, .least_samples = 0, .hop = hop, .margin = margin};
    ASSERT_GT(plan_encode(samples, limits).size(), 3U);
    const auto chunked = encode_audio(encoder, audio(samples), limits);
    ASSERT_EQ(chunked.sizes(), whole.sizes());
    EXPECT_LT(relative_error(chunked, whole), 2e-4) << "margin " << margin;
  }
}

TEST(EncodeAudio, WithTooSmallAMarginDiffers) {
  RandomWeights weights(3);
  const auto encoder = models::bind_oobleck_encoder(Weights(weights), config());
  const auto hop = encoder.config.hop();
  const EncodeLimits limits{.most_samples = 30 * hop, .least_samples = 0, .hop = hop, .margin = 1};
  const auto whole = models::encode_moments(encoder, audio(100 * hop));
  EXPECT_GT(relative_error(encode_audio(encoder, audio(100 * hop), limits), whole), 2e-3)
      << "if this passes, the test above proves nothing";
}

TEST(EncodeAudio, LeastSamplesChangeNothing) {
  RandomWeights weights(3);
  const auto encoder = models::bind_oobleck_encoder(Weights(weights), config());
  const auto hop = encoder.config.hop();
  const EncodeLimits limits{
      .most_samples = 60 * hop, .least_samples = 60 * hop, .hop = hop, .margin = 10};
  const auto whole = models::encode_moments(encoder, audio(150 * hop));
  EXPECT_LT(relative_error(encode_audio(encoder, audio(150 * hop), limits), whole), 2e-4);
}

// FIX-21: the reference draws from a global generator, and anew for every tile.
TEST(SampleLatents, FIX21_AreOneDrawFromTheSeed) {
  const auto moments = diffusion::NoiseGenerator(1).normal({1, 8, 50});
  EXPECT_TRUE(sample_latents(moments, 1).equal(sample_latents(moments, 1)));
  EXPECT_FALSE(sample_latents(moments, 1).equal(sample_latents(moments, 2)));
  EXPECT_EQ(sample_latents(moments, 1).sizes(), (at::IntArrayRef{1, 50, 4}));
}

TEST(DecodeLatents, InTilesEqualsOneRun) {
  RandomWeights weights(3);
  const auto decoder = models::bind_oobleck_decoder(Weights(weights), config());
  const auto latents =
      diffusion::NoiseGenerator(6).normal({1, 130, decoder.config.latent_channels});
  const auto whole = models::decode(decoder, latents.transpose(1, 2).contiguous())[0];
  std::vector<at::Tensor> blocks;
  decode_latents(decoder, latents, 48, kDecodeOverlap,
                 [&](const at::Tensor& block) { blocks.push_back(block.clone()); });
  EXPECT_EQ(blocks.size(), 9U);
  const auto tiled = at::cat(blocks, 1);
  ASSERT_EQ(tiled.sizes(), whole.sizes());
  EXPECT_LT(relative_error(tiled, whole), 2e-4);
}

TEST(DecodeWindow, EqualsThatPartOfTheWhole) {
  RandomWeights weights(3);
  const auto decoder = models::bind_oobleck_decoder(Weights(weights), config());
  const auto hop = decoder.config.hop();
  const auto latents =
      diffusion::NoiseGenerator(6).normal({1, 100, decoder.config.latent_channels});
  const auto whole = models::decode(decoder, latents.transpose(1, 2).contiguous())[0];
  for (const double start : {0.0, 1.3, 2.0, 3.9}) {
    const auto window = plan_window(100, start, 0.2, false);
    const auto part = decode_window(decoder, latents, window);
    const auto expected = whole.narrow(1, window.at * hop, window.keep_count * hop);
    EXPECT_LT(relative_error(part, expected), 2e-4) << "at " << start << " s";
  }
}

}  // namespace
}  // namespace headroom::studio
