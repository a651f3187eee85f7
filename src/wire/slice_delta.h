// Audio for a listener as differences to what he has: most of a window that is decoded again is the
// same as before, and small numbers compress well. Source: specification of the streaming engine,
// section 20.8; of the protocol, its slices.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace headroom::wire {

/// IEEE half precision, rounded to nearest even, overflow to infinity.
std::uint16_t to_half(float value);
float from_half(std::uint16_t bits);

/// One slice ready to be compressed and sent: differences, or absolute samples.
struct SliceDelta {
  std::uint32_t start = 0;  // in samples
  std::uint32_t count = 0;  // samples of each channel
  std::uint16_t channels = 0;
  std::vector<std::uint16_t> delta{};  // half precision, interleaved
};

/// The playback buffer as one listener has it. He adds every slice to his own; so does the mirror,
/// by the rounded difference, or errors would add up. One thread.
class SliceMirror {
 public:
  /// `samples` interleaved; a whole number of frames of `channels`.
  SliceMirror(std::vector<float> samples, std::uint16_t channels);

  /// The slice that turns the mirror into `samples` (interleaved) from sample `start` on, cut at
  /// the end of the buffer; nothing when it begins behind that, or holds nothing. A sample that is
  /// not finite counts as silence: one NaN would stay in every mirror for ever.
  std::optional<SliceDelta> advance(std::uint32_t start, std::span<const float> samples);

  /// The same as absolute samples: the mirror then holds their rounded values, whatever it held.
  std::optional<SliceDelta> replace(std::uint32_t start, std::span<const float> samples);

  const std::vector<float>& samples() const { return samples_; }
  std::uint32_t frames() const { return static_cast<std::uint32_t>(samples_.size() / channels_); }

 private:
  // A slice without its samples, cut at the end of the buffer.
  std::optional<SliceDelta> cut(std::uint32_t start, std::span<const float> samples) const;

  std::vector<float> samples_;
  std::uint16_t channels_;
};

}  // namespace headroom::wire
