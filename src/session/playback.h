// The buffer that a listener loops, and how new music gets into it: a window is decoded where he is
// about to be, cross-faded into what is there, and told as a slice.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <ATen/ATen.h>

#include "diffusion/window_plan.h"
#include "studio/chunks.h"
#include "wire/types.h"

namespace headroom::session {

/// Audio of one planned window [channels, m], by whatever decodes.
using DecodeWindow = std::function<at::Tensor(const studio::Window&)>;

/// Where the listener is and what he plays.
struct Aim {
  double heard = 0.0;    // seconds into the buffer
  double lead = 0.25;    // how far ahead of him
  double window = 0.36;  // seconds of music at once
  std::optional<diffusion::LoopBand> band{};
  std::optional<diffusion::WalkWindow> walk{};
};

/// One thread.
class Playback {
 public:
  /// `audio` [2, n] is what is heard until something is written. The initial buffer of a session
  /// has its seam closed, so that it loops without a click.
  explicit Playback(const at::Tensor& audio);

  std::int64_t frames() const;  // samples per channel
  double seconds() const { return static_cast<double>(frames()) / diffusion::kSampleRate; }
  const std::vector<float>& samples() const { return samples_; }

  /// Decodes one window of a latent of `length` frames ahead of the listener and writes it; with a
  /// band that the window crosses, a second one at the band's beginning.
  std::vector<wire::Slice> write_ahead(std::int64_t length, const Aim& aim,
                                       const DecodeWindow& decode);
  /// The whole buffer anew: `audio` [2, m], cut or left as it was beyond m.
  wire::Slice write_all(const at::Tensor& audio);

 private:
  wire::Slice store(const at::Tensor& audio, const diffusion::WindowWrite& write);

  std::vector<float> samples_;  // interleaved, two channels
};

/// [2, n] as interleaved samples, and back.
std::vector<float> interleaved(const at::Tensor& audio);
at::Tensor deinterleaved(std::span<const float> samples, std::int64_t channels);

}  // namespace headroom::session
