// Drum sounds by formula.
#pragma once

#include <vector>

#include "train/synth/dice.h"
#include "train/synth/performance.h"

namespace headroom::synth {

/// One stroke at full velocity, mono at 48 kHz. `kit` is a row of kKits; the dice make each kit's
/// drums a little different.
std::vector<float> drum_sound(Drum drum, int kit, Dice dice);

}  // namespace headroom::synth
