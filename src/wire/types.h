// What messages are made of beside text and numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace headroom::wire {

/// Samples in half precision, interleaved, as they go over the wire. Shared, so that an event can
/// be handed to many listeners without a copy.
using AudioBlock = std::shared_ptr<const std::vector<std::uint16_t>>;

/// Samples as floats, interleaved, at the wire's rate. Read from a frame: always two channels and
/// finite. `samples.size()` is frames · channels.
struct Pcm {
  std::uint32_t channels = 2;
  std::uint32_t frames = 0;
  std::vector<float> samples{};
};

/// Which part of a track feeds the model.
enum class StemMode { full, vocals, instruments };
std::string_view to_string(StemMode mode);
/// Trimmed and in any case; nothing for other words.
std::optional<StemMode> stem_mode_of(std::string_view text);

/// What a full queue of events may do with one: forget the oldest of them, put it in the place of
/// the newest of its type, or neither.
enum class Backpressure { drop_oldest, coalesce, never_drop };

/// Absolute samples of a part of the playback buffer, to be sent as a difference or as they are.
struct Slice {
  static constexpr const char* kType = "slice";
  std::uint32_t start = 0;  // samples per channel from the buffer's beginning
  /// Interleaved; as many channels as the buffer has.
  std::shared_ptr<const std::vector<float>> samples{};
  float tick_ms = 0.0F;
  float decode_ms = 0.0F;
  std::uint32_t generations = 0;
};

}  // namespace headroom::wire
