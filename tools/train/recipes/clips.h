// Training examples on the fly: a window of songs that moves along an endless list, and pieces cut
// out of them.
#pragma once

#include <cstdint>
#include <map>

#include <ATen/ATen.h>

#include "train/synth/dice.h"

namespace headroom::train {

/// Songs of training, validation and evaluation never meet: their numbers lie in other ranges.
inline constexpr std::uint64_t kTrainingSongs = 1'000'000'000;
inline constexpr std::uint64_t kHeldOutSongs = 500'000'000;

/// A song: mixture and vocals, [2, n] each.
struct Clip {
  at::Tensor mix;
  at::Tensor vocals;
};

struct ClipSettings {
  std::int64_t width = 48;          // songs to choose from at a time
  std::int64_t steps_per_song = 4;  // one of them is exchanged so often
  double seconds = 6.0;
  int rate = 48000;  // Hz; songs are made at 48 000 and resampled
  // Probability of vocals; below 0: as the arranger likes. From 0 on strings play in place of choir
  // pads, of which nobody could say whether they are vocals or instruments.
  double sung = -1.0;
};

/// A voice, and what plays with it: [2, n] each.
struct Parts {
  at::Tensor vocals, rest;
};

/// Root of the mean square.
double level_of(const at::Tensor& audio);

/// The song of that number. Song, arrangement and everything else follow from the number.
Clip render_clip(std::uint64_t number, const ClipSettings& settings);

/// The songs that a step may use. Which these are depends on the step alone, so a resumed training
/// sees the same. One thread.
class ClipWindow {
 public:
  explicit ClipWindow(const ClipSettings& settings) : settings_(settings) {}

  /// A song by chance; renders what is missing. Valid until the next call with a later step.
  const Clip& draw(std::int64_t step, synth::Dice& dice);

 private:
  ClipSettings settings_;
  std::map<std::int64_t, Clip> clips_;
};

}  // namespace headroom::train
