#include "audio/load.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "audio/resample.h"
#include "audio/soxr_resampler.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

namespace headroom {
namespace {

constexpr std::int64_t kBlock = 1 << 16;  // frames decoded at a time
// No coder in use for music makes more frames of a byte (Opus at 6 kbit/s); a larger claim is not
// reserved for, only grown into.
constexpr std::int64_t kMostFramesPerByte = 64;

// Grows a [channels, n] result at its end. Room that was reserved and never written costs address
// space only, so the header's word is taken for it, within bounds.
class Collector {
 public:
  Collector(std::int64_t channels, std::int64_t expected)
      : channels_(channels), room_(std::max<std::int64_t>(expected, kBlock)) {
    samples_ = allocate();
  }

  void add(const at::Tensor& block) {
    if (length_ + block.size(1) > room_) grow(length_ + block.size(1));
    samples_.narrow(1, length_, block.size(1)).copy_(block);
    length_ += block.size(1);
  }

  std::int64_t length() const { return length_; }

  // Contiguous, without a second copy: rows move down to close the gaps between them.
  at::Tensor take() {
    auto* data = samples_.data_ptr<float>();
    for (std::int64_t c = 1; c < channels_ && length_ < room_; ++c) {
      std::memmove(data + c * length_, data + c * room_,
                   static_cast<size_t>(length_) * sizeof(float));
    }
    return samples_.view({-1}).narrow(0, 0, channels_ * length_).view({channels_, length_});
  }

 private:
  at::Tensor allocate() const {
    try {
      return at::empty({channels_, room_}, at::kFloat);
    } catch (const c10::Error&) {
      const auto bytes = static_cast<std::uint64_t>(channels_ * room_) * sizeof(float);
      throw Error(ErrorKind::memory, fmt::format("there is no memory for {} of audio; use a "
                                                 "shorter file",
                                                 human_bytes(bytes)));
    }
  }

  void grow(std::int64_t least) {
    room_ = std::max(least, room_ + room_ / 2);
    auto larger = allocate();
    larger.narrow(1, 0, length_).copy_(samples_.narrow(1, 0, length_));
    samples_ = larger;
  }

  std::int64_t channels_;
  std::int64_t room_;
  std::int64_t length_ = 0;
  at::Tensor samples_;
};

// A damaged or cut file yields what could be decoded; that must not pass unnoticed. What an MP3
// says of its length can be an estimate.
void warn_if_short(const std::filesystem::path& path, const AudioFormat& format,
                   std::int64_t frames) {
  constexpr double kTolerated = 0.1;  // seconds
  const double missing = static_cast<double>(format.frames - frames) / format.rate;
  const bool estimate = format.name.find("MPEG") != std::string::npos;
  if (missing < kTolerated || estimate) return;
  log::warn("{}: ends after {:.3f} s, its header says {:.3f} s; it is damaged or was cut off",
            printable(path.string()), static_cast<double>(frames) / format.rate,
            static_cast<double>(format.frames) / format.rate);
}

}  // namespace

at::Tensor load_audio(const std::filesystem::path& path, int rate, const LoadSettings& settings,
                      Progress& progress) {
  AudioReader reader(path, settings.bad_samples);
  const auto& format = reader.format();
  const std::int64_t channels = settings.channels.value_or(format.channels);
  const auto most = static_cast<std::int64_t>(settings.longest_seconds * format.rate);
  const auto refuse_long = [&](std::int64_t frames) {
    if (frames <= most) return;
    throw Error(ErrorKind::input, fmt::format("{}: lasts longer than {:.0f} s; cut it first",
                                              printable(path.string()), settings.longest_seconds));
  };
  SoxrResampler resampler(format.rate, rate, channels);
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(path));
  const std::int64_t claimed = std::min({format.frames, most, bytes * kMostFramesPerByte});
  Collector result(channels, resampled_length(claimed, format.rate, rate));
  progress.stage("decode", (claimed + kBlock - 1) / kBlock);
  for (;;) {
    const auto block = reader.read(kBlock);
    if (block.size(1) == 0) break;
    refuse_long(reader.position());
    result.add(resampler.push(to_channels(block, channels, settings.downmix)));
    progress.step();
  }
  result.add(resampler.finish());
  warn_if_short(path, format, reader.position());
  return result.take();
}

}  // namespace headroom
