// Songs for the separator that the synthesizer cannot make: other programs' voices, speaking and
// made to sing (outside/voices.h), and bands that a sound font plays. Recorded once, to a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <ATen/ATen.h>

#include "train/recipes/clips.h"
#include "train/synth/dice.h"

namespace headroom::train {

inline constexpr int kGuestRate = 44100;       // Hz, the separator's
inline constexpr double kGuestSeconds = 12.0;  // of each song

/// Records songs number `first` … `first + songs − 1` of the training's into `folder`: for each
/// `N-speech.wav`, `N-singing.wav` and `N-band.wav`, in stereo, all equally loud in the mean.
/// Singing and band are of the same song. What is there is kept, so that an interrupted recording
/// goes on. Some five seconds a song, one thread. Throws Error(input), naming a Debian package,
/// when a program, voice or sound font is missing, and Error(output).
void record_guests(const std::filesystem::path& folder, std::int64_t first, std::int64_t songs);

/// A folder of them. One thread.
class Guests {
 public:
  /// Throws Error(input) for a folder that holds no song.
  explicit Guests(const std::filesystem::path& folder);

  size_t songs() const { return songs_.size(); }

  /// Speech of any song, or the song's own singing, and its band; `samples` at kGuestRate from one
  /// place of both. Reads two files of 2 MB.
  Parts draw(synth::Dice& dice, std::int64_t samples) const;

 private:
  std::vector<std::filesystem::path> songs_;  // up to the number, in order
};

}  // namespace headroom::train
