#include "diffusion/dcw.h"

#include "diffusion/steps.h"

namespace headroom::diffusion {
namespace {

at::Tensor push_apart(Workspace& workspace, const at::Tensor& x, const at::Tensor& y,
                      const at::Tensor& amount) {
  auto out = workspace.like(x);
  at::sub_out(out, x, y);
  out.mul_(amount);
  at::add_out(out, x, out);
  return out;
}

at::Tensor complex_signal(const at::Tensor& band) {
  const auto parts = analytic_signal(band.transpose(1, 2));
  return at::complex(parts.real, parts.imaginary);
}

// Magnitude and phase of the band pushed away from the other's, each by the factor.
at::Tensor push_magnitude_and_phase(const at::Tensor& x, const at::Tensor& y,
                                    const at::Tensor& factor) {
  constexpr double least = 1e-8;
  const auto zx = complex_signal(x);
  const auto zy = complex_signal(y);
  const auto amount = factor.transpose(1, 2);
  const auto magnitude = zx.abs() + amount * (zx.abs() - zy.abs());
  const auto angle = at::angle(zx) + amount * at::angle(zx / (zy + least));
  return (magnitude * angle.cos()).transpose(1, 2);
}

at::Tensor push_advanced(Workspace& workspace, const DcwAdvanced& advanced, const at::Tensor& x,
                         const at::Tensor& y, const at::Tensor& factor) {
  auto difference = workspace.like(x);
  at::sub_out(difference, x, y);
  auto sign = workspace.like(x);
  at::sign_out(sign, difference);
  if (advanced.soft_thresh > 0.0)
    difference.abs_().sub_(advanced.soft_thresh).clamp_min_(0.0).mul_(sign);
  auto real = scaled(workspace, difference, factor);
  at::add_out(real, x, real);
  if (advanced.mult_blend > 0.0) {
    auto by_sign = sign.mul_(factor).add_(1.0).mul_(x);
    real = lerp(workspace, by_sign, real, advanced.mult_blend);
  }
  if (advanced.mag_phase > 0.0) {
    real = lerp(workspace, push_magnitude_and_phase(x, y, factor), real, advanced.mag_phase);
  }
  return real;
}

// `band` pushed away from `wanted` by the scaler at time weight k.
at::Tensor push(Workspace& workspace, const DcwSettings& settings, const at::Tensor& band,
                const at::Tensor& wanted, const Curve& scaler, double k) {
  const auto factor =
      resample_centres(workspace, scaled(workspace, scaler.as(band), k), band.size(1));
  return settings.advanced.any() ? push_advanced(workspace, settings.advanced, band, wanted, factor)
                                 : push_apart(workspace, band, wanted, factor);
}

at::Tensor in_fp32(Workspace& workspace, const at::Tensor& x) {
  if (x.scalar_type() == at::kFloat) return x;
  auto wide = workspace.like(x, at::kFloat);
  wide.copy_(x);
  return wide;
}

}  // namespace

std::optional<DcwMode> parse_dcw_mode(std::string_view name) {
  if (name == "low") return DcwMode::low;
  if (name == "high") return DcwMode::high;
  if (name == "double") return DcwMode::both;
  if (name == "pix") return DcwMode::pixel;
  return std::nullopt;
}

Analytic analytic_signal(const at::Tensor& x) {
  const auto n = x.size(-1);
  auto gain = at::zeros({n}, x.options());
  gain[0] = 1.0;
  gain.slice(0, 1, (n + 1) / 2).fill_(2.0);
  if (n % 2 == 0) gain[n / 2] = 1.0;
  const auto z = at::fft_ifft(at::fft_fft(x) * gain);
  return {at::real(z), at::imag(z)};
}

at::Tensor correct(Workspace& workspace, const DcwSettings& settings, const at::Tensor& x,
                   const at::Tensor& clean, double t) {
  if (settings.mode == DcwMode::pixel)
    return push_apart(workspace, x, clean,
                      resample_centres(workspace, settings.scaler.as(x), x.size(1)));
  auto bands = analyse(workspace, settings.wavelet, in_fp32(workspace, x));
  const auto wanted = analyse(workspace, settings.wavelet, in_fp32(workspace, clean));
  if (settings.mode != DcwMode::high)
    bands.low = push(workspace, settings, bands.low, wanted.low, settings.scaler, t);
  if (settings.mode == DcwMode::high)
    bands.high = push(workspace, settings, bands.high, wanted.high, settings.scaler, 1.0 - t);
  if (settings.mode == DcwMode::both)
    bands.high = push(workspace, settings, bands.high, wanted.high, settings.high_scaler, 1.0 - t);
  return synthesise(workspace, settings.wavelet, bands, x.size(1)).to(x.scalar_type());
}

}  // namespace headroom::diffusion
