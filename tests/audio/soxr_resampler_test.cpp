#include "audio/soxr_resampler.h"

#include <gtest/gtest.h>

#include "audio/resample.h"
#include "expect_error.h"

namespace headroom {
namespace {

struct Rates {
  int from;
  int to;
};

class Soxr : public testing::TestWithParam<Rates> {};

TEST_P(Soxr, StreamingEqualsOneShot) {
  at::manual_seed(12);
  const auto [from, to] = GetParam();
  for (const std::int64_t samples : {0, 1, 100, 44100, 100003}) {
    const auto audio = at::randn({2, samples});
    const auto whole = soxr_resample(audio, from, to);
    ASSERT_EQ(whole.size(1), resampled_length(samples, from, to));
    for (const std::int64_t step : {331, 4096, 65536}) {
      SoxrResampler resampler(from, to, 2);
      std::vector<at::Tensor> pieces;
      for (std::int64_t at = 0; at < samples; at += step) {
        pieces.push_back(resampler.push(audio.narrow(1, at, std::min(step, samples - at))));
      }
      pieces.push_back(resampler.finish());
      EXPECT_TRUE(at::equal(at::cat(pieces, 1), whole)) << samples << " by " << step;
    }
  }
}

TEST_P(Soxr, KeepsTones) {
  const auto [from, to] = GetParam();
  const auto tone = [](int rate) {
    return (at::arange(rate, at::kDouble) * (2.0 * M_PI * 400.0 / rate)).sin();
  };
  const auto out = soxr_resample(tone(from).to(at::kFloat).unsqueeze(0), from, to)[0];
  const auto error = (out.to(at::kDouble) - tone(to)).narrow(0, to / 4, to / 2).abs().max();
  EXPECT_LT(error.item<double>(), 5e-4);
}

INSTANTIATE_TEST_SUITE_P(Rates, Soxr,
                         testing::Values(Rates{44100, 48000}, Rates{48000, 44100},
                                         Rates{1000, 48000}, Rates{768000, 48000},
                                         Rates{48000, 48000}, Rates{32001, 48000}));

TEST(SoxrErrors, RatesAndUse) {
  EXPECT_ERROR(SoxrResampler(0, 48000, 2), ErrorKind::input, "0 Hz");
  SoxrResampler resampler(44100, 48000, 2);
  EXPECT_ERROR(resampler.push(at::zeros({3, 5})), ErrorKind::internal, "2 channels");
  resampler.finish();
  EXPECT_ERROR(resampler.finish(), ErrorKind::internal, "twice");
}

}  // namespace
}  // namespace headroom
