// A song of the synthesizer's composer, played by a General MIDI sound font.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <ATen/ATen.h>

#include "train/synth/arrangement.h"
#include "train/synth/song.h"

namespace headroom::train {

/// A General MIDI sound font, and the Debian package that has it.
struct SoundFont {
  const char* path;
  const char* package;
};
/// What evaluations hear, and what trainings hear: other recordings of the same instruments.
inline constexpr SoundFont kUnheardSoundFont{"/usr/share/sounds/sf2/TimGM6mb.sf2",
                                             "timgm6mb-soundfont"};
inline constexpr SoundFont kTrainingSoundFont{"/usr/share/sounds/sf2/FluidR3_GM.sf2",
                                              "fluid-soundfont-gm"};

/// From which instruments the stems choose theirs: a few that are typical of the stem, or any.
enum class Instruments : std::uint8_t { typical, any };

/// Everything of the arrangement but the singer, as a standard MIDI file. Each stem has a channel
/// and an instrument drawn from the arrangement's seed; none of them is a choir.
std::string midi_file(const synth::Song& song, const synth::Arrangement& arrangement,
                      Instruments instruments = Instruments::typical);

/// `midi` played by fluidsynth: [2, n] at `rate` Hz, cut or filled with silence. `scratch` is for
/// files in between. Throws Error(input) without fluidsynth or the sound font.
at::Tensor play_midi(const SoundFont& font, const std::string& midi, std::int64_t samples, int rate,
                     const std::filesystem::path& scratch);

}  // namespace headroom::train
