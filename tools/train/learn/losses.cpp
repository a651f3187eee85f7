#include "train/learn/losses.h"

#include "audio/mel.h"
#include "audio/stft.h"

namespace headroom::train {
namespace {

constexpr double kTiny = 1e-7;
constexpr double kQuietest = 1e-4;  // magnitudes below do not count in logarithms

// [C, n] → [C, frames, n_fft] where hop divides n_fft. unfold() would be shorter, but its gradient
// is computed by one thread, number by number.
at::Tensor frames_of(const at::Tensor& audio, std::int64_t n_fft, std::int64_t hop) {
  const auto count = audio.size(1) / hop;
  const auto blocks = audio.narrow(1, 0, count * hop).reshape({audio.size(0), count, hop});
  const auto frames = count - n_fft / hop + 1;
  std::vector<at::Tensor> parts;
  for (std::int64_t k = 0; k < n_fft / hop; ++k) parts.push_back(blocks.narrow(1, k, frames));
  return at::cat(parts, 2);
}

at::Tensor magnitudes(const at::Tensor& audio, std::int64_t n_fft, std::int64_t hop) {
  // As if every window had unit energy.
  const auto window = hann_window(n_fft, Hann::periodic) * (2.0 / static_cast<double>(n_fft));
  const auto spectrum =
      at::view_as_real(at::fft_rfft(frames_of(audio, n_fft, hop) * window).contiguous());
  return spectrum.square().sum(-1).add(kTiny * kTiny).sqrt();
}

}  // namespace

at::Tensor with_mid_side(const at::Tensor& stereo) {
  const auto left = stereo.select(1, 0);
  const auto right = stereo.select(1, 1);
  return at::cat({left, right, (left + right) * 0.5, (left - right) * 0.5});
}

at::Tensor spectral_loss(const at::Tensor& made, const at::Tensor& wanted, std::int64_t n_fft,
                         std::int64_t hop) {
  const auto a = magnitudes(made, n_fft, hop);
  const auto b = magnitudes(wanted, n_fft, hop);
  const auto logs = ((a + kQuietest).log() - (b + kQuietest).log()).abs().mean();
  return logs + (a - b).abs().mean() / (b.mean() + kQuietest);
}

at::Tensor mel_loss(const at::Tensor& made, const at::Tensor& wanted, int rate, std::int64_t n_fft,
                    std::int64_t bands) {
  // Triangles of unit height, so that levels are those of the magnitudes.
  auto filters = mel_filterbank(rate, n_fft, bands);
  filters = (filters / filters.sum(1, /*keepdim=*/true)).t();
  const auto mel = [&](const at::Tensor& x) {
    return (at::matmul(magnitudes(x, n_fft, n_fft / 4), filters) + kQuietest).log();
  };
  return (mel(made) - mel(wanted)).abs().mean();
}

at::Tensor distortion_loss(const at::Tensor& made, const at::Tensor& wanted) {
  constexpr double floor = 1e-3;
  constexpr double quiet = 1e-5;  // mean power below which silence is meant
  const auto error = (made - wanted).square().mean(-1);
  return (error / (wanted.square().mean(-1) + quiet) + floor).log().mean();
}

at::Tensor si_sdr(const at::Tensor& made, const at::Tensor& wanted) {
  const auto product = (made * wanted).sum(-1, /*keepdim=*/true);
  const auto target = wanted * (product / (wanted.square().sum(-1, /*keepdim=*/true) + 1e-12));
  const auto power = target.square().sum(-1);
  return 10.0 * ((power + 1e-12) / ((made - target).square().sum(-1) + 1e-12)).log10();
}

}  // namespace headroom::train
