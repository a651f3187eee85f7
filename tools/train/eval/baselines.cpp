#include "train/eval/baselines.h"

#include <fmt/format.h>
#include <sndfile.h>

#include "audio/load.h"
#include "base/error.h"
#include "diffusion/noise.h"

namespace headroom::train {
namespace {

constexpr int kPowerIterations = 6;

}  // namespace

LinearCode::LinearCode(const at::Tensor& audio, std::int64_t block, std::int64_t width)
    : block_(block) {
  const auto pieces = pieces_of(audio);
  mean_ = pieces.mean(0);
  const auto centred = pieces - mean_;
  // Subspace iteration: the leading eigenvectors of the covariance, without the covariance.
  auto basis = diffusion::NoiseGenerator(1).normal({pieces.size(1), width});
  for (int i = 0; i < kPowerIterations; ++i) {
    basis = std::get<0>(at::linalg_qr(at::matmul(centred.t(), at::matmul(centred, basis))));
  }
  components_ = basis;
}

// [n / block, channels · block]
at::Tensor LinearCode::pieces_of(const at::Tensor& audio) const {
  const auto count = audio.size(1) / block_;
  return audio.narrow(1, 0, count * block_)
      .reshape({audio.size(0), count, block_})
      .transpose(0, 1)
      .reshape({count, audio.size(0) * block_});
}

at::Tensor LinearCode::round_trip(const at::Tensor& audio) const {
  const auto pieces = pieces_of(audio);
  const auto made = at::matmul(at::matmul(pieces - mean_, components_), components_.t()) + mean_;
  return made.view({-1, audio.size(0), block_})
      .transpose(0, 1)
      .reshape({audio.size(0), -1})
      .contiguous();
}

at::Tensor opus_round_trip(const at::Tensor& audio, const std::filesystem::path& folder) {
  const auto path = folder / "round-trip.opus";
  SF_INFO info{};
  info.samplerate = 48000;
  info.channels = static_cast<int>(audio.size(0));
  info.format = SF_FORMAT_OGG | SF_FORMAT_OPUS;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  if (file == nullptr) {
    throw Error(ErrorKind::output,
                fmt::format("{}: {}", path.string(), printable(sf_strerror(nullptr))));
  }
  // Opus has 6 to 256 kbit/s for each channel here; this is the lowest.
  double strongest = 1.0;
  sf_command(file, SFC_SET_COMPRESSION_LEVEL, &strongest, sizeof strongest);
  const auto interleaved = audio.t().contiguous();
  sf_writef_float(file, interleaved.data_ptr<float>(), audio.size(1));
  sf_close(file);
  auto made = load_audio(path, 48000, {.channels = audio.size(0)});
  if (made.size(1) < audio.size(1))
    made = at::constant_pad_nd(made, {0, audio.size(1) - made.size(1)});
  return made.narrow(1, 0, audio.size(1));
}

}  // namespace headroom::train
