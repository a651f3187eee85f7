#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <sndfile.h>

#include "audio/file.h"
#include "base/error.h"
#include "base/pending_file.h"

namespace headroom {
namespace {

namespace fs = std::filesystem;

// libvorbis and libopus take their workspace from the stack in proportion to a write.
constexpr std::int64_t kFramesPerWrite = 4096;
// Where the 32-bit sizes of a WAV file end, with room for its header.
constexpr std::int64_t kLargestWav = 0xFFFFFFFFLL - 4096;
constexpr double kVorbisQuality = 0.8;

[[noreturn]] void fail(const fs::path& path, std::string_view what) {
  throw Error(ErrorKind::output, fmt::format("{}: {}", printable(path.string()), what));
}

struct Container {
  std::string_view extension;
  int format;                        // of libsndfile
  std::array<SampleFormat, 3> able;  // the first is what `automatic` means
  int most_channels;
};

constexpr std::array<Container, 5> kContainers{{
    {".wav", SF_FORMAT_WAV, {SampleFormat::float32, SampleFormat::pcm24, SampleFormat::pcm16}, 64},
    {".flac", SF_FORMAT_FLAC, {SampleFormat::pcm24, SampleFormat::pcm16, SampleFormat::pcm24}, 8},
    {".ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, {}, 8},
    {".opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, {}, 8},
    {".mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, {}, 2},
}};

const Container& container_for(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& container : kContainers) {
    if (container.extension == extension) return container;
  }
  fail(path, "cannot be written as audio; end the name in .wav, .flac, .ogg, .opus or .mp3");
}

int coding_of(SampleFormat samples) {
  switch (samples) {
    case SampleFormat::pcm16:
      return SF_FORMAT_PCM_16;
    case SampleFormat::pcm24:
      return SF_FORMAT_PCM_24;
    default:
      return SF_FORMAT_FLOAT;
  }
}

int bytes_per_sample(SampleFormat samples) {
  switch (samples) {
    case SampleFormat::pcm16:
      return 2;
    case SampleFormat::pcm24:
      return 3;
    default:
      return 4;
  }
}

int format_for(const fs::path& path, const Container& container, SampleFormat samples) {
  if (container.able[0] == SampleFormat::automatic) {  // lossy
    if (samples == SampleFormat::automatic) return container.format;
    fail(path, fmt::format("{} has no sample formats to choose from", container.extension));
  }
  if (samples == SampleFormat::automatic) samples = container.able[0];
  if (std::find(container.able.begin(), container.able.end(), samples) == container.able.end()) {
    fail(path, "FLAC stores 16 or 24 bit; use .wav for float samples");
  }
  return container.format | coding_of(samples);
}

struct Closer {
  void operator()(SNDFILE* file) const { sf_close(file); }
};

}  // namespace

struct AudioWriter::State {
  PendingFile pending;
  std::unique_ptr<SNDFILE, Closer> file;
  int channels;
  std::int64_t most_frames;
  std::int64_t frames = 0;
  std::vector<float> interleaved;
};

AudioWriter::AudioWriter(const fs::path& path, int rate, int channels, SampleFormat samples) {
  const auto& container = container_for(path);
  const int format = format_for(path, container, samples);
  if (channels < 1 || channels > container.most_channels) {
    fail(path, fmt::format("{} takes 1 to {} channels, not {}", container.extension,
                           container.most_channels, channels));
  }
  if (rate < kLowestFileRate || rate > kHighestFileRate) {
    fail(path, fmt::format("cannot be written at {} Hz", rate));
  }
  const bool is_wav = (format & SF_FORMAT_TYPEMASK) == SF_FORMAT_WAV;
  const int stored = samples == SampleFormat::automatic ? 4 : bytes_per_sample(samples);
  const std::int64_t most = is_wav ? kLargestWav / (std::int64_t{stored} * channels)
                                   : std::numeric_limits<std::int64_t>::max();
  state_ = std::unique_ptr<State>(new State{PendingFile(path), nullptr, channels, most, 0, {}});
  SF_INFO info{0, rate, channels, format, 0, 0};
  state_->file.reset(sf_open(state_->pending.path().c_str(), SFM_WRITE, &info));
  if (!state_->file) fail(path, fmt::format("cannot be written: {}", sf_strerror(nullptr)));
  SNDFILE* file = state_->file.get();
  sf_command(file, SFC_SET_CLIPPING, nullptr, SF_TRUE);
  // The PEAK chunk holds the time of day: files would differ from run to run.
  sf_command(file, SFC_SET_ADD_PEAK_CHUNK, nullptr, SF_FALSE);
  double quality = kVorbisQuality;
  sf_command(file, SFC_SET_VBR_ENCODING_QUALITY, &quality, sizeof(quality));
}

AudioWriter::~AudioWriter() = default;
AudioWriter::AudioWriter(AudioWriter&& other) noexcept = default;

std::int64_t AudioWriter::frames() const { return state_->frames; }

void AudioWriter::write(const at::Tensor& block) {
  auto& s = *state_;
  if (block.dim() != 2 || block.size(0) != s.channels || !s.file) {
    throw Error(ErrorKind::internal,
                fmt::format("an audio file of {} channels was given something else, or a block "
                            "after its end",
                            s.channels));
  }
  if (block.size(1) > s.most_frames - s.frames) {
    fail(s.pending.target(), "a WAV file ends at 4 GiB; write .flac instead");
  }
  for (std::int64_t at = 0; at < block.size(1); at += kFramesPerWrite) {
    const std::int64_t n = std::min(kFramesPerWrite, block.size(1) - at);
    const auto piece = block.narrow(1, at, n).to(at::kFloat).t().contiguous();
    const auto* samples = piece.data_ptr<float>();
    const auto* bad = std::find_if_not(samples, samples + n * s.channels,
                                       [](float sample) { return std::isfinite(sample); });
    if (bad != samples + n * s.channels) {
      fail(s.pending.target(), fmt::format("sample {} of the sound is not a number",
                                           s.frames + (bad - samples) / s.channels));
    }
    const std::int64_t written = sf_writef_float(s.file.get(), samples, n);
    if (written != n) {
      fail(s.pending.target(), fmt::format("cannot be written: {}", sf_strerror(s.file.get())));
    }
    s.frames += n;
  }
}

void AudioWriter::commit() {
  auto& s = *state_;
  if (!s.file) throw Error(ErrorKind::internal, "an audio file was finished twice");
  sf_write_sync(s.file.get());
  const int error = sf_close(s.file.release());
  if (error != 0) {
    fail(s.pending.target(), fmt::format("cannot be written: {}", sf_error_number(error)));
  }
  s.pending.commit();
}

}  // namespace headroom
