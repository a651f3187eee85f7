#include "studio/prompt.h"

#include <limits>

#include <gtest/gtest.h>

#include "expect_error.h"

namespace headroom::studio {
namespace {

Prompt house() {
  Prompt prompt;
  prompt.caption = "deep house, warm pads";
  prompt.bpm = 124;
  prompt.key = "A minor";
  prompt.duration = 1.4;
  return prompt;
}

TEST(Prompt, IsTheExactTemplate) {
  EXPECT_EQ(text_prompt(house()),
            "# Instruction\nGenerate audio semantic tokens based on the given conditions:\n\n# "
            "Caption\ndeep house, warm "
            "pads\n\n# Metas\n- bpm: 124\n- timesignature: 4\n- keyscale: A minor\n- duration: "
            "1.4\n<|endoftext|>\n");
  EXPECT_EQ(lyric_prompt(house()),
            "# Languages\nen\n\n# Lyric\n[Instrumental]<|endoftext|><|endoftext|>");
}

TEST(Prompt, WritesDurationsAsPythonDoes) {
  for (const auto& [seconds, text] : {std::pair<double, const char*>{60.0, "60.0"},
                                      {0.2, "0.2"},
                                      {5759999.0 / 48000.0, "119.99997916666666"},
                                      {600.0, "600.0"},
                                      {1.0 / 3.0, "0.3333333333333333"}}) {
    auto prompt = house();
    prompt.duration = seconds;
    EXPECT_NE(text_prompt(prompt).find(std::string("duration: ") + text + "\n"), std::string::npos)
        << text;
  }
}

TEST(Prompt, AcceptsEveryKeyOfTheVocabulary) {
  for (const char* note : {"A", "B", "C", "D", "E", "F", "G"}) {
    for (const char* accidental : {"", "#", "b", "♯", "♭"}) {
      for (const char* mode : {" major", " minor"}) {
        auto prompt = house();
        prompt.key = std::string(note) + accidental + mode;
        EXPECT_NO_THROW(check_prompt(prompt)) << prompt.key;
      }
    }
  }
}

TEST(Prompt, RefusesWhatItCannotSay) {
  const auto refuse = [](auto change, const char* fragment) {
    auto prompt = house();
    change(prompt);
    expect_error([&] { check_prompt(prompt); }, ErrorKind::usage, fragment);
  };
  refuse([](Prompt& p) { p.caption.assign(kLongestCaption + 1, 'x'); }, "shorten");
  refuse([](Prompt& p) { p.lyrics.assign(kLongestLyrics + 1, 'x'); }, "lyrics");
  refuse([](Prompt& p) { p.caption = "a\xff"; }, "UTF-8 at byte 1");
  refuse([](Prompt& p) { p.caption = std::string("a\0b", 3); }, "zero byte");
  refuse([](Prompt& p) { p.bpm = 29; }, "30…300");
  refuse([](Prompt& p) { p.bpm = 301; }, "30…300");
  refuse([](Prompt& p) { p.time_signature = 5; }, "2, 3, 4 or 6");
  refuse([](Prompt& p) { p.key = "H major"; }, "key");
  refuse([](Prompt& p) { p.key = "C Major"; }, "key");
  refuse([](Prompt& p) { p.key = ""; }, "key");
  refuse([](Prompt& p) { p.language = "xx"; }, "language");
  refuse([](Prompt& p) { p.duration = 0; }, "duration");
  refuse([](Prompt& p) { p.duration = std::numeric_limits<double>::quiet_NaN(); }, "duration");
}

}  // namespace
}  // namespace headroom::studio
