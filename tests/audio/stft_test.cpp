#include "audio/stft.h"

#include <gtest/gtest.h>

#include "expect_error.h"

namespace headroom {
namespace {

constexpr StftSettings kSeparator{2048, 441};

TEST(Stft, MatchesTorch) {
  at::manual_seed(2);
  const auto audio = at::randn({2, 44100});
  const auto mine = stft(audio, kSeparator);
  const auto window = hann_window(2048, Hann::periodic);
  const auto padded = at::reflection_pad1d(audio, {1024, 1024});
  const auto torch = at::stft(padded, 2048, 441, 2048, window, false, true, true);
  ASSERT_EQ(mine.sizes(), torch.transpose(1, 2).sizes());
  EXPECT_LT((mine - torch.transpose(1, 2)).abs().max().item<float>(), 1e-4F);
}

TEST(Stft, InverseMatchesTorchAndTheSignal) {
  at::manual_seed(3);
  const auto audio = at::randn({2, 441 * 100});
  const auto spectrum = stft(audio, kSeparator);
  const auto back = istft(spectrum, kSeparator);
  ASSERT_EQ(back.sizes(), audio.sizes());
  EXPECT_LT((back - audio).abs().max().item<float>(), 1e-5F);
  const auto torch =
      at::istft(spectrum.transpose(1, 2), 2048, 441, 2048, hann_window(2048, Hann::periodic), true);
  EXPECT_LT((back - torch).abs().max().item<float>(), 1e-5F);
}

class StftBlocks : public testing::TestWithParam<Edge> {};

TEST_P(StftBlocks, AreTheFramesOfTheWhole) {
  at::manual_seed(4);
  for (const std::int64_t samples : {130, 257, 1000, 4097}) {
    const StftSettings settings{256, 100, Hann::periodic, GetParam()};
    const auto audio = at::randn({2, samples});
    const auto whole = stft(audio, settings);
    ASSERT_EQ(whole.size(1), stft_frames(samples, settings));
    std::int64_t frames = 0;
    stft_for_each_block(audio, settings, 3, [&](const at::Tensor& block, std::int64_t first) {
      EXPECT_EQ(first, frames);
      EXPECT_LT((block - whole.narrow(1, first, block.size(1))).abs().max().item<float>(), 1e-4F);
      frames += block.size(1);
    });
    EXPECT_EQ(frames, whole.size(1));
  }
}

INSTANTIATE_TEST_SUITE_P(Edges, StftBlocks,
                         testing::Values(Edge::reflect, Edge::zeros, Edge::none));

TEST(Stft, ShortAndEmptySignals) {
  const StftSettings zeros{256, 64, Hann::periodic, Edge::zeros};
  EXPECT_EQ(stft(at::zeros({1, 0}), zeros).size(1), 1);
  EXPECT_EQ(stft(at::zeros({1, 0}), {256, 64, Hann::periodic, Edge::none}).size(1), 0);
  EXPECT_ERROR(stft(at::zeros({1, 128}), {256, 64}), ErrorKind::input, "more than 128");
  EXPECT_NO_THROW(stft(at::zeros({1, 129}), {256, 64}));
  EXPECT_ERROR(stft(at::zeros({128}), {256, 64}), ErrorKind::internal, "channels");
}

TEST(Stft, HannWindows) {
  const auto symmetric = hann_window(9, Hann::symmetric);
  EXPECT_TRUE(at::allclose(symmetric, symmetric.flip(0)));
  EXPECT_TRUE(at::allclose(hann_window(8, Hann::periodic), symmetric.narrow(0, 0, 8)));
}

}  // namespace
}  // namespace headroom
