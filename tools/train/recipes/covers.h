// The examples of the diffusion transformer: one song in several arrangements, as latents. Each is
// a cover of the others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

#include <ATen/ATen.h>

#include "models/oobleck.h"
#include "train/synth/arrangement.h"
#include "train/synth/dice.h"
#include "train/synth/song.h"

namespace headroom::train {

inline constexpr int kCoversPerSong = 4;

struct Cover {
  synth::Arrangement arrangement;
  at::Tensor mean, deviation;  // [frames, C] fp32, the posterior
};

struct SongCovers {
  synth::Song song;
  std::vector<Cover> covers;
};

/// The arrangements of song `number`: two with any instruments, two with a chosen few (drums only,
/// pads only, no drums, …), so that what the words ask for is often not what the source is.
std::vector<synth::Arrangement> arrangements_of(std::uint64_t number);

struct CoverSettings {
  std::int64_t frames = 250;         // of an example: ten seconds
  std::int64_t width = 96;           // songs to choose from at a time
  std::int64_t steps_per_song = 6;   // one of them is exchanged so often
  std::filesystem::path cache = {};  // folder for latents; empty: none are kept
};

/// Renders and encodes songs as steps need them; which songs a step may use depends on the step
/// alone. Latents are kept on disk, so that a resumed training begins at once: the folder belongs
/// to one encoder. One thread.
class CoverWindow {
 public:
  CoverWindow(models::OobleckEncoder encoder, CoverSettings settings);

  const SongCovers& draw(std::int64_t step, synth::Dice& dice);
  /// A song of any number, held-out ones as well.
  SongCovers make(std::uint64_t number) const;

 private:
  models::OobleckEncoder encoder_;
  CoverSettings settings_;
  std::map<std::int64_t, SongCovers> songs_;
};

}  // namespace headroom::train
