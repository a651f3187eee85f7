// Places that cannot be written.
#include <fstream>

#include <gtest/gtest.h>

#include "cli/refusal.h"

namespace headroom::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> cover_to(const std::string& output) {
  return {"cover", "song.wav", "-o", output, "-p", "x", "--model", "model", "--steps", "1"};
}

std::vector<std::string> stems_to(const std::string& folder, const std::string& format = "wav") {
  return {"stems", "song.wav", "-o", folder, "--format", format, "--model", "model"};
}

TEST(BadOutput, Names) {
  const Workshop shop;
  fs::create_directory(shop / "out/folder.wav");
  expect_refused(
      shop, {{"no such folder", cover_to("nowhere/x.wav"), kOutput, "its folder does not exist"},
             {"a folder", cover_to("out/folder.wav"), kOutput, "out/folder.wav: is a folder"},
             {"below a file", cover_to("song.wav/x.wav"), kOutput, "song.wav/x.wav: "},
             {"unknown extension", cover_to("out/x.aiff"), kOutput, "end the name in .wav"},
             {"no extension", cover_to("out/x"), kOutput, "end the name in .wav"},
             {"empty", cover_to(""), kOutput, "end the name in .wav"},
             {"long name", cover_to("out/" + std::string(300, 'a') + ".wav"), kOutput, "too long"},
             {"kernel folder", cover_to("/proc/x.wav"), kOutput, "/proc/x.wav: cannot be written"},
             {"stems in a file", stems_to("song.wav"), kOutput, "song.wav: "},
             {"stems below a file", stems_to("song.wav/stems"), kOutput, "song.wav/stems: "},
             {"stems of no format", stems_to("out/new/deep", "aiff"), kOutput, "cannot be written"},
             {"stems in the kernel", stems_to("/proc/stems"), kOutput, "/proc/stems: "},
             {"opus at 44.1 kHz", stems_to("out/new", "opus"), kOutput, "opus"},
             {"latents nowhere",
              {"encode", "song.wav", "-o", "nowhere/x.safetensors", "--model", "model"},
              kOutput,
              "its folder does not exist"},
             {"model in a file", {"make-model", "song.wav", "--tiny"}, kOutput, "song.wav"}});
}

// A limit on file sizes fails a write in the middle, as a full disk does.
TEST(BadOutput, FullDisk) {
  const Workshop shop;
  const RunSettings full{.folder = {}, .largest_file = 50'000, .user = {}};
  expect_refused(shop, {{"cover", cover_to("out/x.wav"), kOutput, "out/x.wav: ", full},
                        {"cover as flac", cover_to("out/x.flac"), kOutput, "out/x.flac: ", full},
                        {"stems", stems_to("out/stems"), kOutput, "song.", full}});
  const RunSettings fuller{.folder = {}, .largest_file = 1000, .user = {}};
  expect_refused(shop, {{"latents",
                         {"encode", "song.wav", "-o", "out/x.safetensors", "--model", "model"},
                         kOutput,
                         "out/x.safetensors",
                         fuller}});
}

TEST(BadOutput, AnOlderFileSurvivesAFailedRun) {
  const Workshop shop;
  shop.write("out/x.wav", "precious");
  shop.write("text.wav", "no music");
  expect_refused(shop, {"cover over an older file",
                        {"cover", "text.wav", "-o", "out/x.wav", "-p", "x", "--model", "model"},
                        kInput,
                        "text.wav"});
}

TEST(BadOutput, StandardOutputThatIsFull) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  const Workshop shop;
  const auto ran = run_program(
      {"sh", "-c", "\"$0\" inspect \"$1\" > /dev/full", headroom_program(), (shop / "model")});
  EXPECT_EQ(ran.status, kOutput) << ran.err;
  EXPECT_EQ(ran.err, "headroom: output: standard output cannot be written\n");
}

}  // namespace
}  // namespace headroom::test
