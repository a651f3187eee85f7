#include "audio/mel.h"

#include <gtest/gtest.h>

#include "expect_error.h"

namespace headroom {
namespace {

TEST(Mel, ScaleGoesBothWays) {
  for (const double hz : {0.0, 100.0, 999.0, 1000.0, 1001.0, 22050.0}) {
    EXPECT_NEAR(mel_to_hz(hz_to_mel(hz)), hz, 1e-9);
  }
  EXPECT_DOUBLE_EQ(hz_to_mel(1000.0), 15.0);
}

TEST(Mel, SparseProductIsTheDenseOne) {
  at::manual_seed(5);
  const auto filters = mel_filterbank(48000, 2048, 128);
  const auto spectrum = at::rand({1025});
  auto sparse = at::empty({128});
  SparseFilterbank(filters).apply(spectrum.data_ptr<float>(), sparse.data_ptr<float>());
  EXPECT_TRUE(at::allclose(sparse, filters.mv(spectrum), 1e-5, 1e-6));
}

TEST(Mel, SparseFilterOfZeros) {
  const SparseFilterbank bank(at::zeros({2, 4}));
  const std::array<float, 4> spectrum{1, 1, 1, 1};
  std::array<float, 2> out{9, 9};
  bank.apply(spectrum.data(), out.data());
  EXPECT_EQ(out[0], 0.0F);
  EXPECT_EQ(out[1], 0.0F);
}

TEST(Mel, EveryBandHasABin) {
  EXPECT_ERROR(band_layout(44100, 256, 100, 2), ErrorKind::input, "holds no frequency");
  const auto mono = band_layout(44100, 2048, 60, 1);
  EXPECT_EQ(mono.freq_indices.size(), 1979U);
  EXPECT_EQ(mono.dim_inputs[0], 14);
}

}  // namespace
}  // namespace headroom
