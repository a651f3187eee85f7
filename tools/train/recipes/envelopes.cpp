#include "train/recipes/envelopes.h"

#include <array>
#include <cmath>
#include <vector>

#include "audio/stft.h"

namespace headroom::train {
namespace {

constexpr std::int64_t kWindow = 1024;
constexpr std::array<double, kEnvelopeBands + 1> kEdges{800.0, 2000.0, 4500.0, 9000.0,
                                                        20000.0};  // Hz
constexpr double kQuietest = 1e-9;                                 // power: −90 dB
// Mean decibels of the bands over the synthesizer's songs.
constexpr std::array<double, kEnvelopeBands> kUsual{-41.0, -50.0, -57.0, -62.0};
// One over their spread, of each row below: level of a band, slope and bend of the bands' mean.
constexpr std::array<double, kEnvelopesPerFrame> kGains{1.0 / 24.0, 1.0 / 3.6, 1.0 / 2.0};

// An orthonormal cosine transform of three values, so that when a stroke comes is told apart from
// how loud the band is.
at::Tensor level_slope_bend() {
  const double a = 1.0 / std::sqrt(3.0);
  const double b = 1.0 / std::sqrt(2.0);
  const double c = 1.0 / std::sqrt(6.0);
  const auto rows = at::tensor({a, a, a, b, 0.0, -b, c, -2.0 * c, c}, at::kFloat).view({3, 3});
  return rows * at::tensor(at::ArrayRef<double>(kGains), at::kFloat).unsqueeze(1);
}

}  // namespace

at::Tensor envelopes_of(const at::Tensor& audio, int rate, std::int64_t hop) {
  const at::NoGradGuard no_grad;
  const auto step = hop / kEnvelopesPerFrame;
  const auto margin = (kWindow - step) / 2;  // windows stand in the middle of their time
  const auto frames = at::constant_pad_nd(audio.mean(1), {margin, kWindow - step - margin})
                          .unfold(1, kWindow, step);
  const auto window = hann_window(kWindow, Hann::periodic) * (2.0 / static_cast<double>(kWindow));
  const auto power = at::view_as_real(at::fft_rfft(frames * window)).square().sum(-1);
  std::vector<at::Tensor> bands;
  for (size_t band = 0; band < kUsual.size(); ++band) {
    const auto bin = [&](double hertz) { return std::llround(hertz * kWindow / rate); };
    const auto first = bin(kEdges[band]);
    const auto sum = power.narrow(2, first, bin(kEdges[band + 1]) - first).sum(-1);
    bands.push_back((sum + kQuietest).log10() * 10.0 - kUsual[band]);
  }
  const auto decibels = at::stack(bands, 1).unflatten(2, {-1, kEnvelopesPerFrame});
  const auto rows = at::matmul(decibels, level_slope_bend().t());  // [B, bands, T, 3]
  const auto shapes = rows.narrow(3, 1, kEnvelopesPerFrame - 1).mean(1).transpose(1, 2);
  return at::cat({rows.select(3, 0), shapes}, 1).contiguous();
}

}  // namespace headroom::train
