// A voice by formants: a buzzing source through resonances that move from vowel to vowel, with
// consonants of noise and hum before them.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "train/synth/dice.h"
#include "train/synth/song.h"

namespace headroom::synth {

/// Sings (sound 0 or 1: a lower or higher voice) or speaks (2) the notes into `out`, mono at
/// 48 kHz. Notes follow each other; `beat` is seconds per beat.
void sing_notes(const std::vector<Note>& notes, const std::vector<std::string>& syllables,
                double beat, int sound, Dice dice, std::span<float> out);

}  // namespace headroom::synth
