#include "audio/load.h"

#include <algorithm>

#include <fmt/format.h>

#include "audio/collector.h"
#include "audio/resample.h"
#include "base/error.h"
#include "base/log.h"
#include "base/text.h"

namespace headroom {
namespace {

constexpr std::int64_t kBlock = 1 << 16;  // frames decoded at a time
// No coder in use for music makes more frames of a byte (Opus at 6 kbit/s); a larger claim is not
// reserved for, only grown into.
constexpr std::int64_t kMostFramesPerByte = 64;

// A damaged or cut file yields what could be decoded; that must not pass unnoticed. What an MP3
// says of its length can be an estimate.
void warn_if_short(const AudioReader& reader) {
  constexpr double kTolerated = 0.1;  // seconds
  const auto& format = reader.format();
  const auto frames = reader.position();
  const double missing = static_cast<double>(format.frames - frames) / format.rate;
  const bool estimate = format.name.find("MPEG") != std::string::npos;
  if (missing < kTolerated || estimate) return;
  log::warn("{}: ends after {:.3f} s, its header says {:.3f} s; it is damaged or was cut off",
            printable(reader.name()), static_cast<double>(frames) / format.rate,
            static_cast<double>(format.frames) / format.rate);
}

}  // namespace

AudioBlocks::AudioBlocks(AudioReader reader, int rate, const LoadSettings& settings)
    : reader_(std::move(reader)),
      settings_(settings),
      channels_(settings.channels.value_or(reader_.format().channels)),
      most_(static_cast<std::int64_t>(settings.longest_seconds * reader_.format().rate)),
      resampler_(reader_.format().rate, rate, channels_) {}

std::optional<at::Tensor> AudioBlocks::next() {
  if (ended_) return std::nullopt;
  const auto block = reader_.read(kBlock);
  if (block.size(1) == 0) {
    ended_ = true;
    return resampler_.finish();
  }
  if (reader_.position() > most_) {
    throw Error(ErrorKind::input,
                fmt::format("{}: lasts longer than {:.0f} s; cut it first",
                            printable(reader_.name()), settings_.longest_seconds));
  }
  return resampler_.push(to_channels(block, channels_, settings_.downmix));
}

std::int64_t AudioBlocks::announced(std::int64_t bytes) const {
  return std::min({reader_.format().frames, most_, bytes * kMostFramesPerByte});
}

at::Tensor load_audio(const std::filesystem::path& path, int rate, const LoadSettings& settings,
                      Progress& progress) {
  AudioBlocks blocks(AudioReader(path, settings.bad_samples), rate, settings);
  const auto frames = blocks.announced(static_cast<std::int64_t>(std::filesystem::file_size(path)));
  Collector result(blocks.channels(),
                   resampled_length(frames, blocks.reader().format().rate, rate));
  progress.stage("decode", (frames + kBlock - 1) / kBlock);
  while (const auto block = blocks.next()) {
    result.add(*block);
    if (!blocks.ended()) progress.step();
  }
  warn_if_short(blocks.reader());
  return result.take();
}

}  // namespace headroom
