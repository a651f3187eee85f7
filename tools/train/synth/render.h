// A song in an arrangement, as sound.
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

#include "train/synth/arrangement.h"
#include "train/synth/song.h"

namespace headroom::synth {

struct Render {
  at::Tensor stems;  // [kStems, 2, n] fp32; silent where a stem does not play
  at::Tensor mix;    // [2, n], their sum in the order of Stem
};

/// The first `samples` samples at 48 kHz. Equal songs and arrangements give equal bits. One thread;
/// some thirty times faster than the music.
Render render(const Song& song, const Arrangement& arrangement, std::int64_t samples);

}  // namespace headroom::synth
