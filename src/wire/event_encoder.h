// Events into the frames of one connection, in order.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "wire/events.gen.h"
#include "wire/frames.h"
#include "wire/slice_delta.h"

namespace headroom::wire {

/// One frame. Whole buffers are shared with the event, not copied.
using Frame = std::variant<std::string, Bytes, AudioBlock>;

/// Bytes of a frame as they go over the wire.
std::size_t size_of(const Frame& frame);

/// When slices are sent as they are instead of as differences: a listener who lost one, or whose
/// copy is wrong for any other reason, is right again after such a slice.
struct KeyFrames {
  std::uint32_t after_buffer = 8;  // so many slices after a new buffer
  std::uint32_t every = 64;        // and each n-th; 0: none
};

/// Knows what the listener of one connection has: the buffer of the last Ready or SwapReady, and
/// every slice since. Give it events after they left the queue, so that a dropped one was never
/// counted. One thread.
class EventEncoder {
 public:
  explicit EventEncoder(KeyFrames key_frames = {});

  /// The frames of an event, to be sent without anything between them: a text, and the binaries
  /// that belong to it; for a slice one binary, or none when it lies behind the buffer's end or
  /// before there is one.
  std::vector<Frame> encode(const Event& event);

 private:
  void start(const AudioBlock& buffer, std::int64_t channels);
  std::optional<Bytes> encode_slice(const Slice& slice);

  KeyFrames key_frames_;
  std::optional<SliceMirror> mirror_;
  std::uint16_t channels_ = 0;
  std::uint32_t slices_ = 0;  // since the buffer
};

}  // namespace headroom::wire
