// Input files that cannot be used: each is refused with one line, and nothing is left behind.
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "audio/file.h"
#include "cli/damage.h"
#include "cli/refusal.h"

namespace headroom::test {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A file of two seconds in the format of its extension.
std::string song_in(const Workshop& shop, const std::string& extension) {
  const auto path = shop / ("made." + extension);
  AudioWriter writer(path, 48000, 2);
  const auto time = at::arange(96000, at::kFloat).div_(48000.0);
  const auto tone = (time * 1382.0).sin_().mul_(0.2) + at::rand({96000}).mul_(0.05);
  writer.write(at::stack({tone, tone}));
  writer.commit();
  return bytes_of(path);
}

std::string with_hole(std::string bytes, size_t begin, size_t length, char fill) {
  for (size_t i = begin; i < std::min(begin + length, bytes.size()); ++i) bytes[i] = fill;
  return bytes;
}

struct BadFile {
  std::string name;
  std::string bytes;
  std::string says;
};

std::vector<BadFile> bad_wavs() {
  const auto quiet = float_samples(9600, 0.1F);
  auto nan = quiet;
  nan.replace(4000, 4, float_samples(1, std::numeric_limits<float>::quiet_NaN()));
  auto infinite = quiet;
  infinite.replace(400, 4, float_samples(1, std::numeric_limits<float>::infinity()));
  return {
      {"empty.wav", "", "is empty"},
      {"text.wav", "This is not music.\n", "is not an audio file"},
      {"html.mp3", "<!DOCTYPE html><html>404</html>", "is not an audio file"},
      {"zeros.wav", std::string(5000, '\0'), "is not an audio file"},
      {"riff-only.wav", "RIFF", "is not an audio file"},
      {"half-header.wav", wav_bytes({}, quiet).substr(0, 30), "is not an audio file"},
      {"no-frames.wav", wav_bytes({}, ""), "holds no audio"},
      {"no-samples.wav", wav_bytes({.claimed = 80000}, ""), "no audio"},
      {"rate-0.wav", wav_bytes({.rate = 0}, quiet), "rate-0.wav: "},
      {"rate-1.wav", wav_bytes({.rate = 1}, quiet), "claims a sample rate of 1 Hz"},
      {"rate-2e9.wav", wav_bytes({.rate = 2'000'000'000}, quiet), "claims a sample rate"},
      {"rate-4e9.wav", wav_bytes({.rate = 4'000'000'000U}, quiet), "rate-4e9.wav: "},
      {"channels-0.wav", wav_bytes({.channels = 0}, quiet), "channels-0.wav: "},
      {"channels-999.wav", wav_bytes({.channels = 999}, quiet), "claims 999 channels"},
      {"channels-65535.wav", wav_bytes({.channels = 65535}, quiet), "channels-65535.wav: "},
      {"bits-7.wav", wav_bytes({.coding = 1, .bits = 77}, quiet), "bits-7.wav: "},
      {"coding-999.wav", wav_bytes({.coding = 999}, quiet), "coding-999.wav: "},
      {"nan.wav", wav_bytes({}, nan), "sample 500 of channel 1 is not a number"},
      {"infinite.wav", wav_bytes({}, infinite), "sample 50 of channel 1 is not a number"},
  };
}

std::vector<BadFile> bad_compressed(const Workshop& shop) {
  std::vector<BadFile> files;
  const auto cut = [&](const char* extension, size_t length, const char* says) {
    files.push_back(
        {std::string("cut.") + extension, song_in(shop, extension).substr(0, length), says});
  };
  cut("flac", 60, "cut.flac: ");
  cut("ogg", 100, "is not an audio file");
  cut("opus", 60, "is not an audio file");
  cut("mp3", 40, "cut.mp3: ");
  files.push_back({"noise.mp3", with_hole(std::string(3000, '\x5A'), 0, 3, 'I'), "noise.mp3: "});
  files.push_back({"sync.mp3", std::string(20000, '\xFF'), "sync.mp3: "});
  return files;
}

TEST(BadAudio, Files) {
  const Workshop shop;
  auto files = bad_wavs();
  for (auto& file : bad_compressed(shop)) files.push_back(file);
  for (const auto& file : files) {
    shop.write(file.name, file.bytes);
    expect_refused(shop, {file.name, cover_of(file.name), kInput, file.says});
  }
}

// The other commands read through the same door; a sample of it.
TEST(BadAudio, EveryCommandRefuses) {
  const Workshop shop;
  shop.write("text.wav", "no music");
  auto nan = float_samples(9600, 0.1F);
  nan.replace(4000, 4, float_samples(1, std::numeric_limits<float>::quiet_NaN()));
  shop.write("nan.wav", wav_bytes({.rate = 44100}, nan));
  expect_refused(shop,
                 {{"stems of text", stems_of("text.wav"), kInput, "text.wav: is not an audio file"},
                  {"stems of NaN", stems_of("nan.wav"), kInput, "is not a number"},
                  {"stems of nothing", stems_of("nothing.wav"), kInput, "there is no such file"},
                  {"analyze text", {"analyze", "text.wav"}, kInput, "is not an audio file"},
                  {"analyze NaN", {"analyze", "nan.wav"}, kInput, "is not a number"},
                  {"encode text",
                   {"encode", "text.wav", "-o", "out/x.safetensors", "--model", "model"},
                   kInput,
                   "is not an audio file"},
                  {"encode NaN",
                   {"encode", "nan.wav", "-o", "out/x.safetensors", "--model", "model"},
                   kInput,
                   "is not a number"}});
}

TEST(BadAudio, Places) {
  const Workshop shop;
  fs::create_directory(shop / "folder.wav");
  fs::create_symlink("nowhere", shop / "dangling.wav");
  fs::create_symlink("loop.wav", shop / "loop.wav");
  expect_refused(
      shop, {{"missing", cover_of("missing.wav"), kInput, "missing.wav: there is no such file"},
             {"empty name", cover_of(""), kInput, "there is no such file"},
             {"folder", cover_of("folder.wav"), kInput, "folder.wav: is a folder"},
             {"dangling link", cover_of("dangling.wav"), kInput, "there is no such file"},
             {"link to itself", cover_of("loop.wav"), kInput, "loop.wav: "},
             {"device", cover_of("/dev/zero"), kInput, "/dev/zero: is not a regular file"},
             {"null device", cover_of("/dev/null"), kInput, "/dev/null: is not a regular file"},
             {"below a file", cover_of("song.wav/x.wav"), kInput, "song.wav/x.wav: "},
             {"name too long", cover_of(std::string(5000, 'a')), kInput, "File name too long"},
             {"control characters", cover_of("a\nb\x1b[31m.wav"), kInput, "a?b?[31m.wav"}});
}

TEST(BadAudio, Unreadable) {
  const Workshop shop;
  fs::permissions(shop / "song.wav", fs::perms::none);
  Refusal refusal{"unreadable", {"analyze", "song.wav"}, kInput, "cannot be read"};
  if (::geteuid() == 0) refusal.settings.user = kNobody;  // root reads everything
  const auto program = shop.run({"--version"}, refusal.settings);
  if (program.status != 0) GTEST_SKIP() << "another user cannot run the program from where it is";
  const auto ran = shop.run(refusal.arguments, refusal.settings);
  EXPECT_EQ(ran.status, kInput) << ran.err;
  EXPECT_NE(ran.err.find(refusal.says), std::string::npos) << ran.err;
}

// libmpg123 comments on damage on its own; a user gets sound, or our one line, and nothing else.
TEST(BadAudio, DamageInsideAnMp3IsNotChattedAbout) {
  const Workshop shop;
  const auto mp3 = song_in(shop, "mp3");
  shop.write("hole.mp3", with_hole(mp3, mp3.size() / 2, 2000, '\x00'));
  shop.write("cut.mp3", mp3.substr(0, mp3.size() / 2));
  shop.write("head.mp3", "garbage at the start" + mp3);
  for (const std::string name : {"hole.mp3", "cut.mp3", "head.mp3"}) {
    SCOPED_TRACE(name);
    const auto ran = shop.run({"analyze", name});
    const bool one_line =
        ran.err.starts_with("headroom: ") && std::count(ran.err.begin(), ran.err.end(), '\n') == 1;
    EXPECT_TRUE(ran.status == 0 ? ran.err.empty() : one_line) << ran.status << ": " << ran.err;
  }
}

// What could be decoded is used, but half a track must not pass for a whole one unnoticed.
TEST(BadAudio, AFlacThatEndsEarlyIsWarnedAbout) {
  const Workshop shop;
  const auto flac = song_in(shop, "flac");
  shop.write("hole.flac", with_hole(flac, flac.size() / 2, 4000, '\x55'));
  shop.write("cut.flac", flac.substr(0, flac.size() / 2));
  for (const std::string name : {"hole.flac", "cut.flac"}) {
    SCOPED_TRACE(name);
    const auto ran = shop.run({"analyze", name});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_NE(ran.err.find(name + ": ends after"), std::string::npos) << ran.err;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
  }
}

}  // namespace
}  // namespace headroom::test
