// Channel counts: from what a file has to what a network wants.
#pragma once

#include <ATen/ATen.h>

namespace headroom {

/// How several channels become one.
enum class Downmix {
  average,     // the mean of all channels
  keep_first,  // the first channel as it is
};

/// `audio` [c, n] with `channels` channels:
///   c == channels   the same tensor, not a copy;
///   channels == 1   by `downmix`;
///   c == 1          the channel repeated;
///   c > channels    the first ones (files of more than two begin with front left and right);
///   c < channels    the last one repeated.
/// Every sample depends only on the samples of its own frame, so blocks give the same bits as the
/// whole. Throws Error(internal) for another shape.
at::Tensor to_channels(const at::Tensor& audio, std::int64_t channels,
                       Downmix downmix = Downmix::average);

/// [2, n]; mono is duplicated.
at::Tensor to_stereo(const at::Tensor& audio);

/// [n], the mean over the channels.
at::Tensor to_mono(const at::Tensor& audio);

}  // namespace headroom
