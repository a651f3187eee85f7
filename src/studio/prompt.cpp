#include "studio/prompt.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace headroom::studio {
namespace {

constexpr std::array kLanguages{
    "ar", "az", "bg", "bn", "ca", "cs", "da", "de", "el", "en",  "es", "fa",     "fi",
    "fr", "he", "hi", "hr", "ht", "hu", "id", "is", "it", "ja",  "ko", "la",     "lt",
    "ms", "ne", "nl", "no", "pa", "pl", "pt", "ro", "ru", "sa",  "sk", "sr",     "sv",
    "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi", "yue", "zh", "unknown"};
constexpr std::array kTimeSignatures{2, 3, 4, 6};
constexpr std::array kAccidentals{"", "#", "b", "♯", "♭"};
constexpr double kLongestDuration = 24.0 * 3600.0;

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::usage, what); }

void check_text(std::string_view name, std::string_view text, size_t limit) {
  if (text.size() > limit) {
    refuse(fmt::format("the {} has {} bytes, at most {} are allowed; shorten it", name, text.size(),
                       limit));
  }
  const auto bad = find_invalid_utf8(text);
  if (bad != std::string_view::npos)
    refuse(fmt::format("the {} is not valid UTF-8 at byte {}", name, bad));
  if (text.find('\0') != std::string_view::npos)
    refuse(fmt::format("the {} contains a zero byte", name));
}

bool is_key(std::string_view key) {
  if (key.empty() || key[0] < 'A' || key[0] > 'G') return false;
  const auto rest = key.substr(1);
  return std::any_of(kAccidentals.begin(), kAccidentals.end(), [&](const char* accidental) {
    return rest == fmt::format("{} major", accidental) ||
           rest == fmt::format("{} minor", accidental);
  });
}

std::string_view instruction(Task task) {
  switch (task) {
    case Task::cover:
      return "Generate audio semantic tokens based on the given conditions:";
    case Task::text2music:
      return "Fill the audio semantic mask based on the given conditions:";
    case Task::repaint:
      return "Repaint the mask area based on the given conditions:";
  }
  return "";
}

// As Python prints a float: the shortest digits that read back to it, and never without a point.
std::string python_float(double value) {
  auto text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

void check_prompt(const Prompt& prompt) {
  check_text("prompt", prompt.caption, kLongestCaption);
  check_text("lyrics text", prompt.lyrics, kLongestLyrics);
  if (prompt.bpm < 30 || prompt.bpm > 300)
    refuse(fmt::format("bpm is {}, must lie in 30…300", prompt.bpm));
  if (std::find(kTimeSignatures.begin(), kTimeSignatures.end(), prompt.time_signature) ==
      kTimeSignatures.end()) {
    refuse(fmt::format("time signature is {}, must be 2, 3, 4 or 6", prompt.time_signature));
  }
  if (!is_key(prompt.key)) {
    refuse(fmt::format("key '{}' is unknown; write it like \"C major\" or \"F# minor\"",
                       printable(prompt.key)));
  }
  if (std::find(kLanguages.begin(), kLanguages.end(), prompt.language) == kLanguages.end()) {
    refuse(fmt::format("language '{}' is unknown; use a code such as en, de, ja, or unknown",
                       printable(prompt.language)));
  }
  if (!std::isfinite(prompt.duration) || prompt.duration <= 0 ||
      prompt.duration > kLongestDuration) {
    refuse(fmt::format("duration is {} s, must be positive and at most a day", prompt.duration));
  }
}

std::string text_prompt(const Prompt& prompt) {
  return fmt::format(
      "# Instruction\n{}\n\n# Caption\n{}\n\n# Metas\n- bpm: {}\n- timesignature: {}\n- keyscale: "
      "{}\n- duration: {}\n"
      "<|endoftext|>\n",
      instruction(prompt.task), prompt.caption, prompt.bpm, prompt.time_signature, prompt.key,
      python_float(prompt.duration));
}

std::string lyric_prompt(const Prompt& prompt) {
  return fmt::format("# Languages\n{}\n\n# Lyric\n{}<|endoftext|><|endoftext|>", prompt.language,
                     prompt.lyrics);
}

}  // namespace headroom::studio
