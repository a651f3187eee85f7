#include "diffusion/wavelet.h"

#include <array>

#include "base/error.h"
#include "diffusion/steps.h"

namespace headroom::diffusion {
namespace {

constexpr std::array kHaar{0.7071067811865476, 0.7071067811865476};
constexpr std::array kDb4{-0.010597401785069032, 0.0328830116668852,    0.030841381835560764,
                          -0.18703481171909309,  -0.027983769416859854, 0.6308807679298589,
                          0.7148465705529157,    0.2303778133088965};
constexpr std::array kSym8{
    -0.0033824159510061256, -0.0005421323317911481, 0.03169508781149298,    0.007607487324917605,
    -0.1432942383508097,    -0.061273359067658524,  0.4813596512583722,     0.7771857517005235,
    0.3644418948353314,     -0.05194583810770904,   -0.027219029917056003,  0.049137179673607506,
    0.003808752013890615,   -0.01495225833704823,   -0.0003029205147213668, 0.0018899503327594609};
constexpr std::array kDb8{
    -0.00011747678412476953, 0.0006754494064505693, -0.00039174037337694705, -0.004870352993451574,
    0.008746094047405777,    0.013981027917398282,  -0.044088253930794755,   -0.017369301001807547,
    0.12874742662047847,     0.0004724845739132828, -0.2840155429615469,     -0.015829105256349306,
    0.5853546836542067,      0.6756307362972898,    0.31287159091429995,     0.05441584224310401};

// Every second frame from `first`, `count` of them.
at::Tensor every_other(const at::Tensor& x, std::int64_t first, std::int64_t count) {
  return x.slice(1, first, first + 2 * count - 1, 2);
}

}  // namespace

std::optional<Wavelet> parse_wavelet(std::string_view name) {
  if (name == "haar") return Wavelet::haar;
  if (name == "db4") return Wavelet::db4;
  if (name == "sym8") return Wavelet::sym8;
  if (name == "db8") return Wavelet::db8;
  return std::nullopt;
}

std::span<const double> analysis_low(Wavelet wavelet) {
  switch (wavelet) {
    case Wavelet::haar:
      return kHaar;
    case Wavelet::db4:
      return kDb4;
    case Wavelet::sym8:
      return kSym8;
    case Wavelet::db8:
      return kDb8;
  }
  throw Error(ErrorKind::internal, "a wavelet without taps");
}

std::vector<double> analysis_high(Wavelet wavelet) {
  const auto low = analysis_low(wavelet);
  std::vector<double> high(low.rbegin(), low.rend());
  for (size_t j = 0; j < high.size(); j += 2) high[j] = -high[j];
  return high;
}

Bands analyse(Workspace& workspace, Wavelet wavelet, const at::Tensor& x) {
  const auto low_taps = analysis_low(wavelet);
  const auto high_taps = analysis_high(wavelet);
  const auto n = static_cast<std::int64_t>(low_taps.size());
  const auto count = (x.size(1) + n - 1) / 2;
  // x[i] stands at i + n − 2; the last frame that is asked for is 2·count − 1.
  auto padded =
      workspace.take({x.size(0), 2 * count + n - 2, x.size(2)}, x.scalar_type(), x.device());
  padded.zero_();
  padded.narrow(1, n - 2, x.size(1)).copy_(x);
  Bands bands{workspace.take({x.size(0), count, x.size(2)}, x.scalar_type(), x.device()),
              workspace.take({x.size(0), count, x.size(2)}, x.scalar_type(), x.device())};
  bands.low.zero_();
  bands.high.zero_();
  for (std::int64_t j = 0; j < n; ++j) {
    const auto frames = every_other(padded, n - 1 - j, count);
    bands.low.add_(scaled(workspace, frames, low_taps[static_cast<size_t>(j)]));
    bands.high.add_(scaled(workspace, frames, high_taps[static_cast<size_t>(j)]));
  }
  return bands;
}

at::Tensor synthesise(Workspace& workspace, Wavelet wavelet, const Bands& bands,
                      std::int64_t frames) {
  const auto low_taps = analysis_low(wavelet);
  const auto high_taps = analysis_high(wavelet);
  const auto n = static_cast<std::int64_t>(low_taps.size());
  const auto count = bands.low.size(1);
  auto sum = workspace.take({bands.low.size(0), 2 * (count - 1) + n, bands.low.size(2)},
                            bands.low.scalar_type(), bands.low.device());
  sum.zero_();
  for (std::int64_t i = 0; i < n; ++i) {
    const auto tap = static_cast<size_t>(n - 1 - i);
    auto part = every_other(sum, i, count);
    part.add_(scaled(workspace, bands.low, low_taps[tap]));
    part.add_(scaled(workspace, bands.high, high_taps[tap]));
  }
  return sum.narrow(1, n - 2, frames);
}

}  // namespace headroom::diffusion
