#include "audio/collector.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace headroom {
namespace {

constexpr std::int64_t kLeastRoom = 1 << 16;  // samples

}  // namespace

Collector::Collector(std::int64_t channels, std::int64_t expected)
    : channels_(channels), room_(std::max(expected, kLeastRoom)) {
  samples_ = allocate();
}

void Collector::add(const at::Tensor& block) {
  if (length_ + block.size(1) > room_) grow(length_ + block.size(1));
  samples_.narrow(1, length_, block.size(1)).copy_(block);
  length_ += block.size(1);
}

// Rows move down to close the gaps between them.
at::Tensor Collector::take() {
  auto* data = samples_.data_ptr<float>();
  for (std::int64_t c = 1; c < channels_ && length_ < room_; ++c) {
    std::memmove(data + c * length_, data + c * room_,
                 static_cast<size_t>(length_) * sizeof(float));
  }
  return samples_.view({-1}).narrow(0, 0, channels_ * length_).view({channels_, length_});
}

at::Tensor Collector::allocate() const {
  try {
    return at::empty({channels_, room_}, at::kFloat);
  } catch (const c10::Error&) {
    const auto bytes = static_cast<std::uint64_t>(channels_ * room_) * sizeof(float);
    throw Error(
        ErrorKind::memory,
        fmt::format("there is no memory for {} of audio; use a shorter file", human_bytes(bytes)));
  }
}

void Collector::grow(std::int64_t least) {
  room_ = std::max(least, room_ + room_ / 2);
  auto larger = allocate();
  larger.narrow(1, 0, length_).copy_(samples_.narrow(1, 0, length_));
  samples_ = larger;
}

}  // namespace headroom
