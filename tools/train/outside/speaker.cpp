#include "train/outside/speaker.h"

#include <cmath>

#include <fmt/format.h>

#include "train/learn/export.h"
#include "train/outside/helper.h"

namespace headroom::train {
namespace {

namespace fs = std::filesystem;

constexpr double kUsualPace = 160.0;  // words a minute of a voice that nobody hurries

// The command that writes `wav`, and the package that has it.
struct Command {
  std::vector<std::string> words;
  std::string package;
};

Command espeak(const Speaker& speaker, const Utterance& what, const fs::path& wav) {
  Command command{{"espeak-ng", "-v", speaker.voice, "-p", std::to_string(what.pitch), "-s",
                   std::to_string(what.words_per_minute), "-w", wav.string()},
                  "espeak-ng"};
  if (what.steady) {
    command.words.emplace_back("-m");
    command.words.push_back("<prosody range='0%'>" + what.text + "</prosody>");
  } else {
    command.words.push_back(what.text);
  }
  return command;
}

Command flite(const Speaker& speaker, const Utterance& what, const fs::path& wav) {
  Command command{{"flite", "-voice", speaker.voice, "--setf",
                   fmt::format("duration_stretch={:.2f}", kUsualPace / what.words_per_minute),
                   "--setf", fmt::format("int_f0_target_mean={}", what.pitch)},
                  "flite"};
  if (what.steady) {
    command.words.emplace_back("--setf");
    command.words.emplace_back("int_f0_target_stddev=0");
  }
  command.words.insert(command.words.end(), {"-t", what.text, "-o", wav.string()});
  return command;
}

Command festival(const Speaker& speaker, const Utterance& what, const fs::path& wav,
                 const fs::path& text) {
  write_text_file(text, what.text + "\n");
  return {
      {"text2wave", "-eval", fmt::format("(voice_{})", speaker.voice), "-eval",
       fmt::format("(Parameter.set 'Duration_Stretch {:.2f})", kUsualPace / what.words_per_minute),
       text.string(), "-o", wav.string()},
      "festival and that of its voice " + speaker.voice};
}

Command command_for(const Speaker& speaker, const Utterance& what, const fs::path& wav,
                    const fs::path& scratch) {
  switch (speaker.program) {
    case SpeechProgram::espeak:
      return espeak(speaker, what, wav);
    case SpeechProgram::flite:
      return flite(speaker, what, wav);
    default:
      return festival(speaker, what, wav, scratch / "voice.txt");
  }
}

}  // namespace

const std::vector<Speaker>& unheard_speakers() {
  static const auto all = [] {
    std::vector<Speaker> speakers;
    for (const char* voice : {"en-us+m1", "en-us+m3", "en-us+m5", "en-us+m7", "en-us+f1",
                              "en-us+f2", "en-us+f3", "en-us+f4"})
      speakers.push_back({SpeechProgram::espeak, voice, 30, 80, {25, 50, 75, 99}});
    return speakers;
  }();
  return all;
}

const std::vector<Speaker>& training_speakers() {
  static const auto all = [] {
    std::vector<Speaker> speakers{
        {SpeechProgram::flite, "awb", 95, 165, {95, 130, 180, 240}},
        {SpeechProgram::flite, "kal16", 80, 130, {90, 120, 160, 210}},
        {SpeechProgram::flite, "slt", 140, 230, {120, 165, 220, 290}},
        {SpeechProgram::flite, "rms", 90, 91, {90}},  // speaks as it likes
    };
    for (const char* voice : {"czech_dita", "czech_krb", "czech_machac", "czech_ph",
                              "suo_fi_lj_diphone", "hy_fi_mv_diphone", "lp_diphone", "pc_diphone",
                              "msu_ru_nsh_clunits", "cmu_us_slt_arctic_hts", "ked_diphone"})
      speakers.push_back({SpeechProgram::festival, voice, 0, 1, {0}});
    return speakers;
  }();
  return all;
}

std::vector<float> utter(const Speaker& speaker, const Utterance& what, int rate,
                         const fs::path& scratch) {
  const auto wav = scratch / "voice.wav";
  const auto command = command_for(speaker, what, wav, scratch);
  const auto taken_at = static_cast<int>(std::lround(rate * what.size));
  const auto sound = sound_of_helper(command.words, command.package, wav, taken_at, 1).contiguous();
  const float* samples = sound.data_ptr<float>();
  return {samples, samples + sound.numel()};
}

}  // namespace headroom::train
