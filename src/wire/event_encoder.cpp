#include "wire/event_encoder.h"

#include <utility>

#include "base/error.h"
#include "wire/constants.gen.h"
#include "wire/message.h"

namespace headroom::wire {

std::size_t size_of(const Frame& frame) {
  if (const auto* const block = std::get_if<AudioBlock>(&frame))
    return (*block)->size() * sizeof(std::uint16_t);
  if (const auto* const bytes = std::get_if<Bytes>(&frame)) return bytes->size();
  return std::get<std::string>(frame).size();
}

EventEncoder::EventEncoder(KeyFrames key_frames) : key_frames_(key_frames) {}

void EventEncoder::start(const AudioBlock& buffer, std::int64_t channels) {
  if (buffer == nullptr) throw Error(ErrorKind::internal, "an event came without its buffer");
  std::vector<float> samples(buffer->size());
  // What the listener has are the rounded values, so these are the base of the differences.
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = from_half((*buffer)[i]);
  channels_ = static_cast<std::uint16_t>(channels);
  mirror_.emplace(std::move(samples), channels_);
  slices_ = 0;
}

std::optional<Bytes> EventEncoder::encode_slice(const Slice& slice) {
  if (!mirror_ || slice.samples == nullptr) return std::nullopt;
  const bool key = slices_ < key_frames_.after_buffer ||
                   (key_frames_.every > 0 && slices_ % key_frames_.every == 0);
  const auto sent = key ? mirror_->replace(slice.start, *slice.samples)
                        : mirror_->advance(slice.start, *slice.samples);
  if (!sent) return std::nullopt;
  ++slices_;
  const SliceHeader header{static_cast<std::uint8_t>(key ? kSliceRaw : kSliceDelta),
                           sent->start,
                           sent->count,
                           channels_,
                           slice.tick_ms,
                           slice.decode_ms,
                           slice.generations};
  return make_slice(header, sent->delta);
}

std::vector<Frame> EventEncoder::encode(const Event& event) {
  std::vector<Frame> frames;
  if (const auto* const slice = std::get_if<Slice>(&event)) {
    if (auto bytes = encode_slice(*slice)) frames.emplace_back(*std::move(bytes));
    return frames;
  }
  frames.emplace_back(text_of(event));
  if (const auto* const ready = std::get_if<Ready>(&event)) {
    start(ready->buffer, ready->channels);
    frames.emplace_back(ready->buffer);
  } else if (const auto* const swap = std::get_if<SwapReady>(&event)) {
    start(swap->buffer, swap->channels);
    frames.emplace_back(swap->buffer);
  } else if (const auto* const stems = std::get_if<StemAssets>(&event)) {
    if (stems->audio.size() != stems->stems.size())
      throw Error(ErrorKind::internal, "an event names other stems than it holds");
    for (const auto& stem : stems->audio) frames.emplace_back(stem);
  }
  return frames;
}

}  // namespace headroom::wire
