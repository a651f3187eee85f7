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

// [n_fft / 2 + 1, bands]: triangles of unit area, so that levels are those of the magnitudes.
at::Tensor mel_filters(int rate, std::int64_t n_fft, std::int64_t bands) {
  const auto filters = mel_filterbank(rate, n_fft, bands);
  return (filters / filters.sum(1, /*keepdim=*/true)).t();
}

// [C, n] → [C, frames, bands], a frame every quarter of a window.
at::Tensor log_mel(const at::Tensor& audio, std::int64_t n_fft, const at::Tensor& filters) {
  return (at::matmul(magnitudes(audio, n_fft, n_fft / 4), filters) + kQuietest).log();
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
  const auto filters = mel_filters(rate, n_fft, bands);
  return (log_mel(made, n_fft, filters) - log_mel(wanted, n_fft, filters)).abs().mean();
}

at::Tensor onset_loss(const at::Tensor& made, const at::Tensor& wanted, int rate,
                      std::int64_t n_fft, std::int64_t bands) {
  constexpr std::int64_t groups = 8;
  constexpr double little = 0.01;  // nepers; silence has no onsets
  const auto filters = mel_filters(rate, n_fft, bands);
  const auto rises = [&](const at::Tensor& x) {
    return log_mel(x, n_fft, filters)
        .diff(1, 1)
        .clamp_min(0.0)
        .unflatten(2, {groups, bands / groups})
        .mean(-1);
  };
  const auto target = rises(wanted);
  return (rises(made) - target).abs().mean() / (target.mean() + little);
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
