// Audio files, read and written in blocks. Samples are fp32 [channels, frames], full scale ±1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <ATen/ATen.h>

namespace headroom {

// What is believed of a header. Beyond it a file is damaged or hostile.
inline constexpr int kLowestFileRate = 1'000;     // Hz
inline constexpr int kHighestFileRate = 768'000;  // Hz
inline constexpr int kMostFileChannels = 64;

/// What a reader does with a sample that is NaN or infinite (only float files can have them).
enum class BadSamples {
  refuse,   // Error(input) that names the first one
  silence,  // it becomes 0
};

/// "libsndfile-1.2.0", for `headroom doctor`.
std::string audio_library_version();

struct AudioFormat {
  int rate = 0;  // Hz
  int channels = 0;
  std::int64_t frames = 0;  // as the header says; a damaged file can have fewer, never trust it
  std::string name;         // "WAV (Microsoft), 16 bit PCM", for people
};

/// Bytes that a reader takes from somewhere else than a file of its own.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Of the whole.
  virtual std::int64_t size() const = 0;
  /// Up to `count` bytes from `offset` on; fewer only at the end. May wait for them. Must not
  /// throw: it is called from a library of C.
  virtual std::int64_t read(std::int64_t offset, void* to, std::int64_t count) noexcept = 0;
};

/// Reads WAV (also RF64 and W64), AIFF, AU, CAF, FLAC, Ogg (Vorbis, Opus, FLAC) and MP3; the
/// content decides, not the extension. Owns the open file. One thread at a time; movable.
class AudioReader {
 public:
  /// Throws Error(input): missing, a folder, not a regular file, unreadable, empty, not audio or
  /// damaged at its start, a format other than the above, an absurd rate or channel count, or no
  /// frames at all.
  explicit AudioReader(const std::filesystem::path& path,
                       BadSamples bad_samples = BadSamples::refuse);
  /// The same of bytes that outlive it; `name` is what messages call them.
  AudioReader(ByteSource& bytes, std::string name, BadSamples bad_samples = BadSamples::refuse);
  ~AudioReader();
  AudioReader(AudioReader&& other) noexcept;

  /// The path, or what the bytes are called.
  const std::string& name() const;
  const AudioFormat& format() const;

  /// The next frames, [channels, n], n ≤ `frames`; n = 0 at the end. A file that was cut short ends
  /// early; when it yields no frame at all, or its decoder reports damage, Error(input) is thrown.
  at::Tensor read(std::int64_t frames);

  /// Frames read so far.
  std::int64_t position() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How samples are stored. Lossy formats have only `automatic`.
enum class SampleFormat {
  automatic,  // WAV float32, FLAC 24 bit
  pcm16,
  pcm24,
  float32,
};

/// Writes .wav (float32, pcm24, pcm16), .flac (pcm24, pcm16), .ogg (Vorbis, quality 0.8),
/// .opus (8, 12, 16, 24 or 48 kHz) and .mp3 (two channels, 48 kHz at most); the extension decides.
/// The file appears under its name only at commit(), whole. WAV and FLAC have the same bytes for
/// the same samples. One thread at a time; movable.
class AudioWriter {
 public:
  /// Throws Error(output): extension, rate, channel count or sample format that cannot be written,
  /// or a folder that cannot.
  AudioWriter(const std::filesystem::path& path, int rate, int channels,
              SampleFormat samples = SampleFormat::automatic);
  ~AudioWriter();
  AudioWriter(AudioWriter&& other) noexcept;

  /// `block` [channels, n] fp32. Integer formats clip at full scale. Throws Error(output) for a
  /// sample that is not finite, for a WAV beyond 4 GiB, or when the disk refuses; the writer is
  /// then only good for destruction.
  void write(const at::Tensor& block);

  /// Finishes the file and gives it its name. Call once, last. Throws Error(output).
  void commit();

  std::int64_t frames() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace headroom
