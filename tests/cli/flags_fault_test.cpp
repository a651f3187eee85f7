// Command lines that make no sense.
#include <gtest/gtest.h>

#include "cli/refusal.h"

namespace headroom::test {
namespace {

std::vector<std::string> cover_with(const std::vector<std::string>& more) {
  return cover_of("song.wav", more);
}

// cover_of() has a prompt already; this one takes another.
std::vector<std::string> prompted(const std::string& prompt) {
  return {"cover", "song.wav", "-o", "out/cover.wav", "--model", "model", "-p", prompt};
}

TEST(BadFlags, CommandLines) {
  const Workshop shop;
  expect_refused(
      shop,
      {{"nothing", {}, kUsage, "subcommand is required"},
       {"unknown command", {"sing"}, kUsage, "there is no command 'sing'"},
       {"unknown flag", cover_with({"--louder"}), kUsage, "--louder"},
       {"missing value", cover_with({"--steps"}), kUsage, "--steps"},
       {"no output", {"cover", "song.wav", "-p", "x"}, kUsage, "--output is required"},
       {"no prompt", {"cover", "song.wav", "-o", "out/a.wav"}, kUsage, "--prompt is required"},
       {"no input", {"cover", "-o", "out/a.wav", "-p", "x"}, kUsage, "IN is required"},
       {"two inputs", cover_with({"other.wav"}), kUsage, "other.wav"},
       {"empty model", cover_with({"--model", ""}), kUsage, "--model"},
       {"bad profile", {"analyze", "song.wav", "--profile", "jazz"}, kUsage, "'jazz'"},
       {"bad size", {"make-model", "out/m", "--size", "huge"}, kUsage, "size 'huge' is unknown"},
       {"bad part", {"make-model", "out/m", "--parts", "drums"}, kUsage, "drums"},
       {"bad log level", cover_with({"--log-level", "shout"}), kUsage, "shout"}});
}

// W47
TEST(BadFlags, OfTheServer) {
  const Workshop shop;
  const auto serve = [](const std::vector<std::string>& more) {
    std::vector<std::string> all{"serve", "--model", "model", "--library", "out/library"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  expect_refused(shop, {{"unknown flag", serve({"--louder"}), kUsage, "--louder"},
                        {"missing value", serve({"--port"}), kUsage, "--port"},
                        {"no port", serve({"--port", "99999"}), kUsage, "--port"},
                        {"no number", serve({"--idle-pause", "soon"}), kUsage, "--idle-pause"},
                        {"others without a token", serve({"--host", "0.0.0.0"}), kUsage, "--token"},
                        {"no size", serve({"--quota", "much"}), kUsage, "much"},
                        {"no rule", serve({"--takeover", "fight"}), kUsage, "fight"}});
}

TEST(BadFlags, Numbers) {
  const Workshop shop;
  const auto number = [](const char* flag, const char* value, const char* says) {
    return Refusal{std::string(flag) + " " + value, cover_with({std::string(flag) + "=" + value}),
                   kUsage, says};
  };
  expect_refused(shop, {number("--steps", "many", "--steps"),
                        number("--steps", "0", "steps is 0"),
                        number("--steps", "-3", "steps is -3"),
                        number("--steps", "1000000", "steps is 1000000"),
                        number("--steps", "99999999999999999999", "must lie in"),
                        number("--steps", "2.5", "--steps"),
                        number("--strength", "1.01", "strength is 1.01"),
                        number("--strength", "-0.1", "strength is -0.1"),
                        number("--strength", "nan", "strength is nan"),
                        number("--strength", "inf", "strength is inf"),
                        number("--strength", "1e400", "strength"),
                        number("--guidance", "0.5", "guidance is 0.5"),
                        number("--guidance", "nan", "guidance is nan"),
                        number("--guidance", "31", "guidance is 31"),
                        number("--shift", "0", "shift is 0"),
                        number("--shift", "-1", "shift is -1"),
                        number("--shift", "nan", "shift is nan"),
                        number("--seed", "-1", "--seed"),
                        number("--seed", "18446744073709551616", "--seed"),
                        number("--seed", "lucky", "--seed"),
                        number("--threads", "-1", "--threads must lie in 0…1024"),
                        number("--threads", "100000", "--threads must lie in 0…1024"),
                        number("--threads", "two", "--threads"),
                        number("--bpm", "0", "bpm is 0"),
                        number("--bpm", "29", "bpm is 29"),
                        number("--bpm", "301", "bpm is 301"),
                        number("--bpm", "fast", "--bpm"),
                        number("--time-signature", "5", "time signature is 5"),
                        number("--time-signature", "-4", "time signature is -4")});
}

TEST(BadFlags, Words) {
  const Workshop shop;
  shop.write("latin1.txt", "caf\xE9");
  shop.write("zero.txt", std::string("a\0b", 3));
  shop.write("long.txt", std::string(2 << 20, 'a'));
  std::filesystem::create_directory(shop / "folder");
  expect_refused(
      shop,
      {{"key", cover_with({"--key", "H major"}), kUsage, "key 'H major' is unknown"},
       {"key word", cover_with({"--key", "C"}), kUsage, "key 'C' is unknown"},
       {"empty key", cover_with({"--key="}), kUsage, "key"},
       {"language", cover_with({"--language", "klingon"}), kUsage, "language 'klingon'"},
       {"long prompt", prompted(std::string(100'000, 'a')), kUsage, "prompt has 100000 bytes"},
       {"latin1 prompt", prompted("caf\xE9"), kUsage, "prompt is not valid UTF-8 at byte 3"},
       {"latin1 lyrics", cover_with({"--lyrics", "\xFF\xFE"}), kUsage, "lyrics text is not valid"},
       {"long lyrics", cover_with({"--lyrics", std::string(100'000, 'b')}), kUsage, "lyrics text"},
       {"latin1 file", prompted("@latin1.txt"), kUsage, "not valid UTF-8 at byte 3"},
       {"zero byte", prompted("@zero.txt"), kUsage, "contains a zero byte"},
       {"missing file", prompted("@nothing.txt"), kInput, "nothing.txt: no such file"},
       {"no file name", prompted("@"), kInput, "no such file"},
       {"folder", prompted("@folder"), kInput, "folder: not a regular file"},
       {"huge file", prompted("@long.txt"), kInput, "long.txt: "},
       {"missing lyrics", cover_with({"--lyrics", "@no.txt"}), kInput, "no.txt: no such file"}});
}

}  // namespace
}  // namespace headroom::test
