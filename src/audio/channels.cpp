#include "audio/channels.h"

#include <fmt/format.h>

#include "base/error.h"

namespace headroom {
namespace {

// Added channel by channel: a library reduction may pick another order for another length.
at::Tensor average(const at::Tensor& audio) {
  auto sum = audio[0].clone();
  for (std::int64_t c = 1; c < audio.size(0); ++c) sum.add_(audio[c]);
  return sum.div_(static_cast<double>(audio.size(0))).unsqueeze(0);
}

}  // namespace

at::Tensor to_channels(const at::Tensor& audio, std::int64_t channels, Downmix downmix) {
  if (audio.dim() != 2 || audio.size(0) < 1 || channels < 1) {
    throw Error(ErrorKind::internal, fmt::format("to_channels wants [channels, samples] and at "
                                                 "least one channel, got {} dimensions",
                                                 audio.dim()));
  }
  const std::int64_t have = audio.size(0);
  if (have == channels) return audio;
  if (channels == 1 && downmix == Downmix::average) return average(audio);
  if (have > channels) return audio.narrow(0, 0, channels).contiguous();
  const auto last = audio.narrow(0, have - 1, 1).expand({channels - have, audio.size(1)});
  return at::cat({audio, last}, 0);
}

at::Tensor to_stereo(const at::Tensor& audio) { return to_channels(audio, 2); }

at::Tensor to_mono(const at::Tensor& audio) { return to_channels(audio, 1)[0]; }

}  // namespace headroom
