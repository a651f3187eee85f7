#include <gtest/gtest.h>

#include "audio/mel.h"
#include "support/golden.h"

namespace headroom {
namespace {

at::Tensor as_floats(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::kLong).to(at::kFloat);
}

void check_layout(const std::string& kind) {
  const Golden golden("mel_bands");
  const auto config = golden.config()[kind];
  const int rate = config["sample_rate"];
  const std::int64_t n_fft = config["n_fft"];
  const std::int64_t bands = config["num_bands"];
  const auto expected = [&](const char* name) {
    return golden(fmt::format("out.{}.{}", kind, name));
  };
  const auto layout = band_layout(rate, n_fft, bands, 2);
  EXPECT_TRUE(at::equal(as_floats(layout.freq_indices), expected("freq_indices")));
  EXPECT_TRUE(at::equal(as_floats(layout.num_freqs_per_band), expected("num_freqs_per_band")));
  EXPECT_TRUE(at::equal(as_floats(layout.num_bands_per_freq), expected("num_bands_per_freq")));
  EXPECT_TRUE(at::equal(as_floats(layout.dim_inputs), expected("dim_inputs")));

  auto filters = mel_filterbank(rate, n_fft, bands);
  const auto reference = expected("filterbank");
  expect_golden(filters, reference, 1e-7, kind + "_filterbank");

  const auto points = at::tensor(mel_frequencies(bands + 2, rate / 2.0), at::kDouble);
  const auto hz = expected("mel_frequencies_hz").to(at::kDouble);
  EXPECT_LE((points - hz).abs().max().item<double>(), 1e-3);
}

TEST(MelGolden, RealLayout) { check_layout("real"); }
TEST(MelGolden, TinyLayout) { check_layout("tiny"); }

}  // namespace
}  // namespace headroom
