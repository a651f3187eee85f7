#include "studio/conditioning.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "diffusion/noise.h"
#include "studio/model_maker.h"
#include "studio/random_weights.h"

namespace headroom::studio {
namespace {

TEST(SemanticHints, InPiecesEqualOneRun) {
  RandomWeights weights(4);
  const auto config = models::parse_acestep_config(dit_config_json(ModelSize::tiny), "tiny");
  const auto tokenizer = models::bind_semantic_tokenizer(Weights(weights), config);
  const auto detokenizer = models::bind_semantic_detokenizer(Weights(weights), config);
  const auto silence = diffusion::NoiseGenerator(1).normal({1, 8, config.latent_channels});
  for (const std::int64_t frames : {1, 4, 5, 6, 1499, 1500, 1501, 3203}) {
    const auto source = diffusion::NoiseGenerator(2).normal({1, frames, config.latent_channels});
    const auto hints = semantic_hints(tokenizer, detokenizer, source, silence);
    ASSERT_EQ(hints.sizes(), source.sizes());
    const auto padded = at::cat({source, silence.narrow(1, 0, (5 - frames % 5) % 5)}, 1);
    const auto whole =
        models::detokenize(detokenizer, models::tokenize(tokenizer, padded).quantized);
    EXPECT_LT((hints - whole.narrow(1, 0, frames)).abs().max().item<double>(), 1e-5)
        << frames << " frames";
  }
}

TEST(SilenceFrames, RepeatWhatIsTooShort) {
  const auto silence = diffusion::NoiseGenerator(1).normal({1, 7, 3});
  const auto long_silence = silence_frames(silence, 20);
  ASSERT_EQ(long_silence.size(1), 20);
  EXPECT_TRUE(long_silence[0][14].equal(silence[0][0]));
}

TEST(MakeContext, IsFramesThenMask) {
  const auto frames = diffusion::NoiseGenerator(1).normal({1, 6, 3});
  const auto context = make_context(frames);
  EXPECT_TRUE(context.narrow(2, 0, 3).equal(frames));
  EXPECT_TRUE(context.narrow(2, 3, 3).eq(1.0).all().item<bool>());
  const auto masked = make_context(frames, at::tensor({1, 1, 0, 0, 1, 1}));
  EXPECT_EQ(masked[0][2][4].item<double>(), 0.0);
}

}  // namespace
}  // namespace headroom::studio
