#include "audio/stems.h"

#include <algorithm>
#include <limits>

#include "audio/channels.h"
#include "base/error.h"

namespace headroom {

at::Tensor fit_stem(const at::Tensor& stem, std::int64_t channels, std::int64_t samples,
                    NonFinite policy) {
  auto audio = stem;
  if (audio.dim() == 3 && audio.size(0) == 1) audio = audio[0];
  if (audio.dim() == 1) audio = audio.unsqueeze(0);
  if (audio.dim() != 2 || audio.size(0) < 1 || channels < 1 || samples < 0) {
    throw Error(ErrorKind::internal, "a stem must be [n], [channels, n] or [1, channels, n]");
  }
  audio = to_channels(audio, channels, Downmix::keep_first);
  auto fitted = at::zeros({channels, samples}, audio.options().dtype(at::kFloat));
  const auto length = std::min(samples, audio.size(1));
  fitted.narrow(1, 0, length).copy_(audio.narrow(1, 0, length));
  const double limit =
      policy == NonFinite::saturate ? double{std::numeric_limits<float>::max()} : 0.0;
  return at::nan_to_num_(fitted, 0.0, limit, -limit);
}

}  // namespace headroom
