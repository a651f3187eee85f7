// A song of the synthesizer's composer, played by a General MIDI sound font: instruments that no
// training has heard.
#pragma once

#include <filesystem>
#include <string>

#include <ATen/ATen.h>

#include "train/synth/arrangement.h"
#include "train/synth/song.h"

namespace headroom::train {

/// Everything of the arrangement but the singer, as a standard MIDI file. Each stem has a channel
/// and an instrument drawn from the arrangement's seed; none of them is a choir.
std::string midi_file(const synth::Song& song, const synth::Arrangement& arrangement);

/// `midi` played by fluidsynth: [2, n] at `rate` Hz, cut or filled with silence. `scratch` is for
/// files in between. Throws Error(input) without fluidsynth or a sound font.
at::Tensor play_midi(const std::string& midi, std::int64_t samples, int rate,
                     const std::filesystem::path& scratch);

}  // namespace headroom::train
