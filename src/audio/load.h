// A whole audio file in memory, at the rate and with the channels that are wanted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include <ATen/ATen.h>

#include "audio/channels.h"
#include "audio/file.h"
#include "audio/soxr_resampler.h"
#include "base/progress.h"

namespace headroom {

struct LoadSettings {
  std::optional<std::int64_t> channels =
      std::nullopt;  // by to_channels(); as in the file when not given
  Downmix downmix = Downmix::average;
  BadSamples bad_samples = BadSamples::refuse;
  double longest_seconds = 7200.0;  // longer files are refused: a few kilobytes can hold days
};

/// What load_audio() does, block by block. One thread.
class AudioBlocks {
 public:
  AudioBlocks(AudioReader reader, int rate, const LoadSettings& settings);
  /// The next samples, [channels, n], n ≥ 0; nothing at the end. Throws what AudioReader throws,
  /// and Error(input) for a file that lasts too long.
  std::optional<at::Tensor> next();
  /// Whether that was the last: what the resampler still had.
  bool ended() const { return ended_; }

  /// Frames that the header announces, as far as it can be believed of so many bytes.
  std::int64_t announced(std::int64_t bytes) const;
  std::int64_t channels() const { return channels_; }
  const AudioReader& reader() const { return reader_; }

 private:
  AudioReader reader_;
  LoadSettings settings_;
  std::int64_t channels_;
  std::int64_t most_;  // frames of the file
  SoxrResampler resampler_;
  bool ended_ = false;
};

/// The samples of `path` at `rate` Hz, fp32 [channels, n], contiguous; resampled by soxr HQ when
/// the file has another rate. Decodes block by block: memory is the result plus a few megabytes,
/// whatever the header claims; a file that ends earlier than its header says is warned about in the
/// log. Reports "decode" in steps of blocks. Throws what AudioReader throws, and Error(memory) when
/// the machine has no room for the result.
at::Tensor load_audio(const std::filesystem::path& path, int rate,
                      const LoadSettings& settings = {}, Progress& progress = no_progress());

}  // namespace headroom
