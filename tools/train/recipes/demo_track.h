// The track that comes with the program: assets/demo.ogg.
#pragma once

#include <filesystem>

#include <ATen/ATen.h>
#include <nlohmann/json_fwd.hpp>

#include "train/synth/arrangement.h"
#include "train/synth/song.h"

namespace headroom::train {

/// A whole number of bars that can be played round and round, [2, n] at 48 kHz: what sounds at its
/// end goes on at its beginning.
struct DemoTrack {
  synth::Song song;
  synth::Arrangement arrangement;
  at::Tensor mix;
  at::Tensor vocals;
};
DemoTrack make_demo_track();

/// Writes it as Ogg Vorbis at 48 kHz, about 110 kbit/s; the file appears whole. Returns what it is:
/// key, tempo, tags, words, length, levels. Throws Error(output).
nlohmann::json write_demo_track(const std::filesystem::path& path);

}  // namespace headroom::train
