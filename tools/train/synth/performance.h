// A song in the hands of an arrangement's players: who plays which note when.
#pragma once

#include <array>
#include <vector>

#include "train/synth/arrangement.h"
#include "train/synth/song.h"

namespace headroom::synth {

enum class Drum : std::uint8_t { kick, snare, clap, hat, open_hat, tom, shaker, crash };

struct Hit {
  double beat = 0.0;
  Drum drum = Drum::kick;
  double velocity = 1.0;
};

struct Performance {
  std::vector<Hit> hits;
  /// By Stem; those of the drums stay empty.
  std::array<std::vector<Note>, kStems> notes;
};

/// Only of the stems that play.
Performance perform(const Song& song, const Arrangement& arrangement);

}  // namespace headroom::synth
