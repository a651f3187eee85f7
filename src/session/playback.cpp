#include "session/playback.h"

#include <algorithm>

namespace headroom::session {
namespace {

constexpr std::int64_t kChannels = 2;

}  // namespace

std::vector<float> interleaved(const at::Tensor& audio) {
  const auto flat = audio.to(at::kFloat).transpose(0, 1).contiguous();
  const auto* const data = flat.data_ptr<float>();
  return {data, data + flat.numel()};
}

at::Tensor deinterleaved(std::span<const float> samples, std::int64_t channels) {
  auto audio = at::empty({static_cast<std::int64_t>(samples.size()) / channels, channels});
  std::copy(samples.begin(), samples.end(), audio.data_ptr<float>());
  return audio.transpose(0, 1).contiguous();
}

Playback::Playback(const at::Tensor& audio) : samples_(interleaved(audio)) {
  diffusion::close_loop(samples_, kChannels);
}

std::int64_t Playback::frames() const {
  return static_cast<std::int64_t>(samples_.size()) / kChannels;
}

std::vector<wire::Slice> Playback::write_ahead(std::int64_t length, const Aim& aim,
                                               const DecodeWindow& decode) {
  using namespace diffusion;
  const auto band = aim.walk ? std::nullopt : aim.band;
  const Clip clip{seconds(), band};
  const double target = decode_target(clip, aim.heard, aim.lead, aim.window);
  const auto in_force = band_in_force(clip, aim.heard);
  double start = aim.walk ? walk_decode_start(*aim.walk, target, aim.window) : target;
  // Windows stop at the end of the buffer; the first one behind it begins where the buffer does,
  // so that nothing between the two is left as it was.
  if (!in_force && start < aim.window / 2) start = 0.0;
  const auto first_frame = aim.walk ? aim.walk->begin_frame : 0;
  const bool cyclic = !aim.walk.has_value();

  std::vector<wire::Slice> slices;
  const auto span = studio::window_span(aim.window);
  const auto planned = studio::plan_window(length, start, aim.window, cyclic, kFrameRate, span);
  const auto begin = (planned.at + first_frame) * kSamplesPerFrame;
  const auto count = planned.keep_count * kSamplesPerFrame;
  slices.push_back(store(decode(planned), cut_window(begin, count, frames(), in_force)));
  if (!in_force) return slices;
  if (const auto again = wrapped_write(begin, count, *in_force)) {
    const auto second =
        studio::plan_window(length, in_force->begin, aim.window, cyclic, kFrameRate, span);
    slices.push_back(store(decode(second), *again));
  }
  return slices;
}

wire::Slice Playback::write_all(const at::Tensor& audio) {
  return store(audio, {.begin = 0, .offset = 0, .count = std::min(frames(), audio.size(1))});
}

wire::Slice Playback::store(const at::Tensor& audio, const diffusion::WindowWrite& write) {
  const auto count = std::clamp<std::int64_t>(
      std::min({write.count, audio.size(1) - write.offset, frames() - write.begin}), 0, frames());
  diffusion::write_window(samples_, interleaved(audio), kChannels, write);
  const auto from = samples_.begin() + write.begin * kChannels;
  return {.start = static_cast<std::uint32_t>(write.begin),
          .samples = std::make_shared<const std::vector<float>>(from, from + count * kChannels)};
}

}  // namespace headroom::session
