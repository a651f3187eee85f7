// What people feed a music server that is not music: every file ends in one clear line, at once and
// without taking memory by the claim of a header.
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "audio/load.h"
#include "audio/resample.h"
#include "base/process.h"
#include "base/text.h"
#include "expect_error.h"
#include "temp_folder.h"

namespace headroom {
namespace {

namespace fs = std::filesystem;

template <class T>
std::string little(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

struct Wav {
  std::uint16_t format = 1;  // 1 PCM, 3 float
  std::uint16_t channels = 2;
  std::uint32_t rate = 48000;
  std::uint16_t bits = 16;
  std::string data = std::string(400, '\x01');
  std::optional<std::uint32_t> claimed = std::nullopt;

  std::string bytes() const {
    const auto frame = static_cast<std::uint16_t>(channels * (bits / 8));
    const auto size = claimed.value_or(static_cast<std::uint32_t>(data.size()));
    const auto body = std::string("WAVEfmt ") + little(std::uint32_t{16}) + little(format) +
                      little(channels) + little(rate) + little(std::uint32_t{rate * frame}) +
                      little(frame) + little(bits) + "data" + little(size) + data;
    return "RIFF" + little(static_cast<std::uint32_t>(body.size())) + body;
  }
};

std::string written(const char* extension, std::int64_t samples = 20000) {
  const TempFolder folder;
  const auto path = folder / (std::string("x") + extension);
  at::manual_seed(14);
  AudioWriter writer(path, 48000, 2);
  writer.write(at::rand({2, samples}).sub_(0.5));
  writer.commit();
  return read_text_file(path, 64 << 20);
}

std::string damaged(std::string bytes, size_t from, size_t to, char with) {
  for (size_t i = from; i < std::min(to, bytes.size()); ++i) bytes[i] = with;
  return bytes;
}

struct BadFile {
  const char* name;
  std::function<std::string()> bytes;
  const char* complaint;
};

std::vector<BadFile> bad_files() {
  const auto nan = little(std::numeric_limits<float>::quiet_NaN());
  const auto inf = little(std::numeric_limits<float>::infinity());
  const auto quiet = [](size_t n) { return std::string(n, '\0'); };
  return {
      {"empty.wav", [] { return std::string(); }, "is empty"},
      {"one_byte.wav", [] { return std::string("R"); }, "not an audio file"},
      {"text.wav", [] { return std::string("This is a shopping list.\nEggs."); }, "not an audio"},
      {"json.flac", [] { return std::string("{\"audio\": true}"); }, "not an audio file"},
      {"zeros.wav", [=] { return quiet(100000); }, "not an audio file"},
      {"zeros.mp3", [=] { return quiet(100000); }, ""},
      {"png.mp3", [=] { return "\x89PNG\r\n\x1a\n" + quiet(500); }, "not an audio file"},
      {"riff_only.wav", [] { return std::string("RIFF"); }, "not an audio file"},
      {"cut_in_fmt.wav", [] { return Wav{}.bytes().substr(0, 30); }, ""},
      {"cut_before_data.wav", [] { return Wav{}.bytes().substr(0, 36); }, ""},
      {"no_samples.wav", [] { return Wav{.data = ""}.bytes(); }, "holds no audio"},
      {"no_channels.wav", [] { return Wav{.channels = 0}.bytes(); }, ""},
      {"65_channels.wav", [=] { return Wav{.channels = 65, .data = quiet(13000)}.bytes(); },
       "claims 65 channels"},
      {"no_rate.wav", [] { return Wav{.rate = 0}.bytes(); }, ""},
      {"rate_10.wav", [] { return Wav{.rate = 10}.bytes(); }, "sample rate of 10 Hz"},
      {"rate_huge.wav", [] { return Wav{.rate = 4'000'000}.bytes(); }, "4000000 Hz"},
      {"rate_negative.wav", [] { return Wav{.rate = 0xFFFFFFFF}.bytes(); }, ""},
      {"no_bits.wav", [] { return Wav{.bits = 0}.bytes(); }, ""},
      {"unknown_coding.wav", [] { return Wav{.format = 0x7777}.bytes(); }, "not an audio file"},
      {"nan.wav",
       [=] { return Wav{.format = 3, .bits = 32, .data = quiet(8 * 5) + quiet(4) + nan}.bytes(); },
       "sample 5 of channel 2 is not a number"},
      {"inf.wav", [=] { return Wav{.format = 3, .bits = 32, .data = inf + quiet(4)}.bytes(); },
       "sample 0 of channel 1 is not a number"},
      {"header.flac", [] { return written(".flac").substr(0, 60); }, ""},
      {"magic.flac", [] { return std::string("fLaC"); }, "not an audio file"},
      {"damaged_header.flac", [] { return damaged(written(".flac"), 4, 42, '\xff'); }, ""},
      {"header.ogg", [] { return written(".ogg").substr(0, 58); }, "not an audio file"},
      {"magic.ogg", [] { return std::string("OggS"); }, "not an audio file"},
      {"garbage.ogg", [] { return damaged(written(".ogg"), 100, 4000, '\x5a'); }, ""},
      {"header.opus", [] { return written(".opus").substr(0, 47); }, "not an audio file"},
      {"id3_only.mp3", [=] { return "ID3\x03" + quiet(6); }, ""},
      {"form.aiff", [] { return std::string("FORM\0\0\0\4AIFF", 12); }, ""},
      {"laboratory.mat",
       [=] { return "MATLAB 5.0 MAT-file, made up" + std::string(96, ' ') + quiet(400); }, ""},
  };
}

TEST(BadAudio, EveryFileEndsInOneClearLine) {
  const TempFolder folder;
  const auto files = bad_files();
  ASSERT_GE(files.size(), 20U);
  for (const auto& file : files) {
    SCOPED_TRACE(file.name);
    const auto path = folder.write(file.name, file.bytes());
    EXPECT_ERROR(load_audio(path, 48000), ErrorKind::input, file.complaint);
    EXPECT_ERROR(load_audio(path, 48000), ErrorKind::input, file.name);
  }
}

TEST(BadAudio, PathsThatAreNoFiles) {
  const TempFolder folder;
  EXPECT_ERROR(AudioReader(folder / "missing.wav"), ErrorKind::input, "no such file");
  EXPECT_ERROR(AudioReader(folder.path()), ErrorKind::input, "is a folder");
  EXPECT_ERROR(AudioReader(fs::path()), ErrorKind::input, "no such file");
  ASSERT_EQ(::mkfifo((folder / "pipe.wav").c_str(), 0600), 0);
  EXPECT_ERROR(AudioReader(folder / "pipe.wav"), ErrorKind::input, "not a regular file");
  EXPECT_ERROR(AudioReader("/dev/zero"), ErrorKind::input, "not a regular file");
  EXPECT_ERROR(AudioReader(folder / "no\nsuch.wav"), ErrorKind::input, "no such file");
  fs::create_symlink(folder / "nowhere.wav", folder / "link.wav");
  EXPECT_ERROR(AudioReader(folder / "link.wav"), ErrorKind::input, "no such file");
  if (::geteuid() != 0) {  // root reads everything
    const auto path = folder.write("secret.wav", Wav{}.bytes());
    fs::permissions(path, fs::perms::none);
    EXPECT_ERROR(AudioReader{path}, ErrorKind::input, "cannot be read");
  }
}

TEST(BadAudio, HugeClaimsTakeNoMemory) {
  const TempFolder folder;
  const auto before = peak_resident_bytes();
  const auto wav = folder.write("claim.wav", Wav{.claimed = 0xFFFFFFF0}.bytes());
  EXPECT_EQ(load_audio(wav, 44100).size(1), resampled_length(100, 48000, 44100));
  // The number of samples in FLAC's stream header is 36 bits wide: all ones.
  auto flac = written(".flac");
  for (size_t i = 22; i < 26; ++i) flac[i] = '\xff';
  const auto path = folder.write("claim.flac", flac);
  try {
    EXPECT_LE(load_audio(path, 48000, {.longest_seconds = 1e9}).size(1), 20000);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
  } catch (const std::bad_alloc&) {
    ADD_FAILURE() << "the header was believed";
  }
  EXPECT_LT(peak_resident_bytes() - before, 64U << 20);
}

TEST(BadAudio, EveryCutEndsInAudioOrAnError) {
  const TempFolder folder;
  for (const char* extension : {".wav", ".flac", ".ogg", ".opus", ".mp3"}) {
    const auto bytes = written(extension, 9000);
    for (size_t i = 1; i < 24; ++i) {
      const auto path = folder.write("cut" + std::string(extension),
                                     std::string_view(bytes).substr(0, bytes.size() * i / 24));
      try {
        // MP3 and Opus decode in frames; a cut file may end a frame late.
        EXPECT_LE(load_audio(path, 48000).size(1), 9000 + 4096) << extension << " " << i;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::input) << error.what();
      }
    }
  }
}

TEST(BadAudio, EveryDamageEndsInAudioOrAnError) {
  const TempFolder folder;
  for (const char* extension : {".wav", ".flac", ".ogg", ".opus", ".mp3"}) {
    const auto bytes = written(extension, 9000);
    for (size_t i = 0; i < 40; ++i) {
      const size_t at = i < 24 ? 4 * i : bytes.size() * i / 40;
      const auto path =
          folder.write("bad" + std::string(extension), damaged(bytes, at, at + 4, '\xff'));
      try {
        EXPECT_LE(load_audio(path, 48000).size(1), std::int64_t{7200} * 48000);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::input) << error.what();
      }
    }
  }
}

TEST(BadOutput, EachIsNamed) {
  const TempFolder folder;
  const auto writer = [&](const char* name, int rate, int channels,
                          SampleFormat samples = SampleFormat::automatic) {
    return AudioWriter(folder / name, rate, channels, samples);
  };
  EXPECT_ERROR(writer("a.xyz", 48000, 2), ErrorKind::output, ".wav, .flac, .ogg, .opus or .mp3");
  EXPECT_ERROR(writer("a", 48000, 2), ErrorKind::output, "end the name in");
  EXPECT_ERROR(writer("none/a.wav", 48000, 2), ErrorKind::output, "folder does not exist");
  EXPECT_ERROR(writer("a.wav", 48000, 65), ErrorKind::output, "1 to 64 channels");
  EXPECT_ERROR(writer("a.wav", 48000, 0), ErrorKind::output, "1 to 64 channels");
  EXPECT_ERROR(writer("a.flac", 48000, 9), ErrorKind::output, "1 to 8 channels");
  EXPECT_ERROR(writer("a.mp3", 48000, 3), ErrorKind::output, "1 to 2 channels");
  EXPECT_ERROR(writer("a.wav", 999, 2), ErrorKind::output, "999 Hz");
  EXPECT_ERROR(writer("a.opus", 44100, 2), ErrorKind::output, "48000");
  EXPECT_ERROR(writer("a.mp3", 96000, 2), ErrorKind::output, "48000");
  EXPECT_ERROR(writer("a.ogg", 48000, 2, SampleFormat::pcm16), ErrorKind::output, "no sample");
  EXPECT_ERROR(writer("a.flac", 48000, 2, SampleFormat::float32), ErrorKind::output, ".wav");
  fs::create_directory(folder / "b.wav");
  EXPECT_ERROR(writer("b.wav", 48000, 2), ErrorKind::output, "is a folder");
  fs::remove(folder / "b.wav");
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(BadOutput, SamplesThatAreNotNumbers) {
  const TempFolder folder;
  {
    AudioWriter writer(folder / "a.wav", 48000, 2);
    writer.write(at::zeros({2, 10}));
    auto audio = at::zeros({2, 5000});
    audio[1][4500] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_ERROR(writer.write(audio), ErrorKind::output, "sample 4510");
    EXPECT_ERROR(writer.write(at::zeros({1, 10})), ErrorKind::internal, "2 channels");
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(BadOutput, TheWrittenFileVanishes) {
  const TempFolder folder;
  AudioWriter writer(folder / "a.wav", 48000, 2);
  writer.write(at::zeros({2, 100}));
  for (const auto& entry : fs::directory_iterator(folder.path())) fs::remove(entry);
  EXPECT_ERROR(writer.commit(), ErrorKind::output, "No such file");
  EXPECT_FALSE(fs::exists(folder / "a.wav"));
}

}  // namespace
}  // namespace headroom
