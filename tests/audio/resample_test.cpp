#include "audio/resample.h"

#include <gtest/gtest.h>

#include "expect_error.h"

namespace headroom {
namespace {

struct Rates {
  int from;
  int to;
};

class Resample : public testing::TestWithParam<Rates> {};

// Streams `audio` in blocks of growing, wrapping sizes.
at::Tensor streamed(const at::Tensor& audio, Rates rates, std::int64_t step) {
  SincResampler resampler(rates.from, rates.to, audio.size(0));
  std::vector<at::Tensor> pieces;
  std::int64_t at = 0;
  for (std::int64_t size = step; at < audio.size(1); size = size * 3 % 1009 + (step == 1 ? 0 : 1)) {
    const auto n = std::min(size, audio.size(1) - at);
    pieces.push_back(resampler.push(audio.narrow(1, at, n)));
    at += n;
  }
  pieces.push_back(resampler.finish());
  return at::cat(pieces, 1);
}

TEST_P(Resample, StreamingEqualsOneShot) {
  at::manual_seed(1);
  for (const std::int64_t samples : {0, 1, 33, 160, 147, 5000, 20011}) {
    const auto audio = at::randn({2, samples});
    const auto whole = sinc_resample(audio, GetParam().from, GetParam().to);
    EXPECT_EQ(whole.size(1), resampled_length(samples, GetParam().from, GetParam().to));
    for (const std::int64_t step : {1, 7, 480, 100000}) {
      EXPECT_TRUE(at::equal(streamed(audio, GetParam(), step), whole))
          << samples << " samples, step " << step;
    }
  }
}

TEST_P(Resample, KeepsLowTones) {
  const auto [from, to] = GetParam();
  const auto tone = [](int rate, std::int64_t n) {
    return (at::arange(n, at::kDouble) * (2.0 * M_PI * 300.0 / rate)).sin();
  };
  const auto out = sinc_resample(tone(from, from).to(at::kFloat), from, to).to(at::kDouble);
  const auto error = (out - tone(to, to)).narrow(0, to / 10, to / 2).abs().max().item<double>();
  EXPECT_LT(error, 5e-3);
}

INSTANTIATE_TEST_SUITE_P(Rates, Resample,
                         testing::Values(Rates{48000, 44100}, Rates{44100, 48000},
                                         Rates{48000, 22050}, Rates{8000, 48000},
                                         Rates{44101, 48000}));

TEST(ResampleLength, RoundsUpAndDoesNotOverflow) {
  EXPECT_EQ(resampled_length(4801, 48000, 44100), 4411);
  EXPECT_EQ(resampled_length(0, 48000, 44100), 0);
  EXPECT_EQ(resampled_length(1, 44100, 48000), 2);
  EXPECT_EQ(resampled_length(std::int64_t{1} << 60, 48000, 48000), std::int64_t{1} << 60);
}

TEST(ResampleErrors, RatesAndUse) {
  EXPECT_ERROR(SincKernel(0, 48000), ErrorKind::input, "0 Hz");
  EXPECT_ERROR(SincKernel(48000, 20'000'000), ErrorKind::input, "20000000 Hz");
  SincResampler resampler(48000, 44100, 2);
  EXPECT_ERROR(resampler.push(at::zeros({1, 10})), ErrorKind::internal, "2 channels");
  resampler.finish();
  EXPECT_ERROR(resampler.finish(), ErrorKind::internal, "twice");
  EXPECT_ERROR(resampler.push(at::zeros({2, 10})), ErrorKind::internal, "after");
}

TEST(ResampleErrors, EqualRatesAreTheSameTensor) {
  const auto audio = at::rand({2, 10});
  EXPECT_EQ(sinc_resample(audio, 48000, 48000).data_ptr(), audio.data_ptr());
}

}  // namespace
}  // namespace headroom
