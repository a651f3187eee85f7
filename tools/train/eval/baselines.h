// What the trained networks have to beat.
#pragma once

#include <cstdint>
#include <filesystem>

#include <ATen/ATen.h>

namespace headroom::train {

/// The best linear code of blocks: principal components of [channels, block] pieces of training
/// songs, without overlap.
class LinearCode {
 public:
  /// `audio` [channels, n] is what it learns from; `width` numbers stand for `block` samples.
  LinearCode(const at::Tensor& audio, std::int64_t block, std::int64_t width);

  /// `audio` [channels, n], n a multiple of the block, through the code and back.
  at::Tensor round_trip(const at::Tensor& audio) const;

 private:
  at::Tensor pieces_of(const at::Tensor& audio) const;

  std::int64_t block_;
  at::Tensor mean_;        // [channels · block]
  at::Tensor components_;  // [channels · block, width], orthonormal
};

/// Stereo at 48 kHz through Opus at 12 kbit/s and back, aligned with what went in. `folder` is for
/// a file in between. Throws Error(output) or Error(input).
at::Tensor opus_round_trip(const at::Tensor& audio, const std::filesystem::path& folder);

}  // namespace headroom::train
