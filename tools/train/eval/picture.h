// What the networks do with a song, as spectrograms side by side.
#pragma once

#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "studio/model_folder.h"

namespace headroom::train {

struct Panel {
  std::string title;
  at::Tensor audio;  // [2, n] at 48 kHz
};

/// An SVG of spectrograms in two columns: 40 Hz to 20 kHz in octaves upwards, 80 dB below the
/// loudest of all panels from dark to light, the middle of the stereo image.
std::string draw_panels(const std::vector<Panel>& panels);

struct PictureSettings {
  std::uint64_t song = 0;
  double seconds = 8.0;
  std::int64_t steps = 8;
};

/// A song as everybody plays it; its round trip, its covers, and what the separator makes of it.
std::string draw_song(const studio::ModelFolder& model, const PictureSettings& settings);

}  // namespace headroom::train
