#include <gtest/gtest.h>

#include "audio/resample.h"
#include "support/golden.h"

namespace headroom {
namespace {

// The kernel is evaluated in fp32 in the reference's order, which earns the tighter tolerance.
constexpr double kTolerance = 2e-6;

TEST(ResampleGolden, EveryCase) {
  const Golden golden("resample_48k_44k");
  const auto cases = golden.config()["cases"];
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto input = golden(fmt::format("in.x.{}", i));
    const auto output = sinc_resample(input, cases[i][0], cases[i][1]);
    expect_golden(output, golden(fmt::format("out.y.{}", i)), kTolerance, fmt::format("y{}", i));
  }
}

TEST(ResampleGolden, RoundTrip) {
  const Golden golden("resample_48k_44k");
  const auto there = sinc_resample(golden("in.roundtrip"), 48000, 44100);
  expect_golden(sinc_resample(there, 44100, 48000), golden("out.roundtrip"), kTolerance, "trip");
}

at::Tensor dense(const SincKernel& kernel, const at::Tensor& like, std::int64_t width) {
  auto result = at::zeros_like(like);
  for (std::int64_t p = 0; p < kernel.phases(); ++p) {
    for (std::int64_t k = 0; k < kernel.taps(); ++k) {
      const auto column = kernel.first(p) + k + width;
      if (column < 0 || column >= like.size(2)) continue;
      result.data_ptr<float>()[p * like.size(2) + column] = kernel.phase(p)[k];
    }
  }
  return result;
}

TEST(ResampleGolden, Kernels) {
  const Golden golden("resample_48k_44k");
  const auto down = golden("mid.kernel.48k_44k");
  expect_golden(dense(SincKernel(48000, 44100), down, 7), down, kTolerance, "down");
  const auto up = golden("mid.kernel.44k_48k");
  expect_golden(dense(SincKernel(44100, 48000), up, 7), up, kTolerance, "up");
}

}  // namespace
}  // namespace headroom
