// Voices of other programs: espeak-ng, which no training hears, flite and festival.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace headroom::train {

enum class SpeechProgram : std::uint8_t { espeak, flite, festival };

/// Pitches are in the program's own measure: 0 to 99 of espeak-ng, Hz of flite. Those of festival
/// are the voice's and cannot be chosen.
struct Speaker {
  SpeechProgram program = SpeechProgram::espeak;
  std::string voice;
  int talks_from = 0, talks_to = 1;  // pitches to speak sentences at
  std::vector<int> sings;            // pitches to speak syllables at that are made to sing
};

/// Those that evaluations hear.
const std::vector<Speaker>& unheard_speakers();
/// Those that trainings hear: people of four languages, recorded once and cut into sounds.
const std::vector<Speaker>& training_speakers();

struct Utterance {
  std::string text;
  int pitch = 50;
  int words_per_minute = 160;
  bool steady = false;  // without intonation, as far as the program can
  double size = 1.0;    // of the person: 1.1 sounds deeper and slower, as a tape does
};

/// What the speaker says, mono at `rate` Hz. `scratch` is a folder for files in between. Throws
/// Error(input), naming the Debian package, without the program.
std::vector<float> utter(const Speaker& speaker, const Utterance& what, int rate,
                         const std::filesystem::path& scratch);

}  // namespace headroom::train
