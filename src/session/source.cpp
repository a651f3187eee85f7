#include "session/source.h"

#include <algorithm>

#include <fmt/format.h>

#include "audio/channels.h"
#include "audio/key.h"
#include "audio/tempo.h"
#include "base/error.h"

namespace headroom::session {
namespace {

constexpr std::int64_t kHeardSamples = 60 * kSampleRate;

}  // namespace

void StopAtChunk::step() {
  if (stop_.stop_requested()) throw Error(ErrorKind::canceled, "the session is stopping");
}

std::int64_t aligned_length(std::int64_t samples) {
  const auto whole = samples / kPoolSamples * kPoolSamples;
  if (static_cast<double>(whole) >= kShortestSeconds * static_cast<double>(kSampleRate))
    return whole;
  throw Error(ErrorKind::input,
              fmt::format("the audio has {:.2f} s, a track needs at least {:.0f} s",
                          static_cast<double>(samples) / static_cast<double>(kSampleRate),
                          kShortestSeconds));
}

at::Tensor aligned(const at::Tensor& audio, double crop) {
  auto samples = audio.size(1);
  if (crop > 0.0)
    samples = std::min(samples, static_cast<std::int64_t>(crop * static_cast<double>(kSampleRate)));
  return to_channels(audio.narrow(1, 0, aligned_length(samples)), 2).contiguous();
}

Analysis analyse(const at::Tensor& audio) {
  const auto length = std::min(audio.size(1), kHeardSamples);
  const auto mono = to_mono(audio.narrow(1, (audio.size(1) - length) / 2, length));
  const auto rate = static_cast<int>(kSampleRate);
  return {.bpm = std::clamp(reported_bpm(estimate_tempo(mono, rate)), 30, 300),
          .key = detect_key(mono, rate).name(),
          .time_signature = "4"};
}

}  // namespace headroom::session
