// The two texts that a request becomes, exactly as the networks were trained on them.
// Source: specification "ACE-Step v1.5", section 9 (DEMON's form).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headroom::studio {

/// Bytes of a caption: thirty times the 256 tokens that the networks were trained with.
inline constexpr size_t kLongestCaption = 8 << 10;
/// Bytes of lyrics: several times the 2048 tokens that upstream keeps.
inline constexpr size_t kLongestLyrics = 32 << 10;

enum class Task { cover, text2music, repaint };

/// What the user says about the music that is wanted.
struct Prompt {
  Task task = Task::cover;
  std::string caption;
  std::string lyrics = "[Instrumental]";
  std::string language = "en";
  int bpm = 120;                // 30…300
  std::string key = "C major";  // A…G, none/#/b/♯/♭, " major" or " minor"
  int time_signature = 4;       // 2, 3, 4, 6
  double duration = 60.0;       // seconds
};

/// Throws Error(usage) for the first value that is out of its range, text that is too long or not
/// UTF-8.
void check_prompt(const Prompt& prompt);

/// The text prompt, which the text encoder runs on.
std::string text_prompt(const Prompt& prompt);

/// The lyric prompt, of which only embedding rows are used.
std::string lyric_prompt(const Prompt& prompt);

}  // namespace headroom::studio
