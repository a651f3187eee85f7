// Numbers about trained networks, on songs that no training has seen.
#pragma once

#include <cstdint>
#include <filesystem>

#include <nlohmann/json_fwd.hpp>

#include "studio/model_folder.h"

namespace headroom::train {

struct MeasureSettings {
  std::int64_t songs = 24;
  double seconds = 6.0;
  std::filesystem::path scratch;  // folder for files in between
};

/// Round trips through the VAE, a linear code of equal latent size and Opus at 12 kbit/s: log-mel
/// distance in dB, SI-SDR in dB and correlation of the strokes (agreement.h) for each.
nlohmann::json measure_vae(const studio::ModelFolder& model, const MeasureSettings& settings);

/// SI-SDR of the vocals over that of the mixture, on held-out songs; for the separator, for the
/// middle of the stereo image, and for median filters. And how fast a separation runs.
nlohmann::json measure_separator(const studio::ModelFolder& model, const MeasureSettings& settings);

/// The same on what no training has heard: held-out songs played by a General MIDI sound font, with
/// the synthesizer's singer, espeak-ng's speech and espeak-ng made to sing in their middle. Throws
/// Error(input) without fluidsynth and espeak-ng.
nlohmann::json measure_unseen(const studio::ModelFolder& model, const MeasureSettings& settings);

struct CoverMeasurement {
  std::int64_t songs = 24;
  double seconds = 15.0;
  std::int64_t steps = 8;
  std::int64_t classifier_songs = 32;  // of which every fourth tests the classifier
};

/// Covers of full mixes. At each strength: log-mel distance to the source and to its round trip
/// through the VAE, SI-SDR to the round trip, and how often tempo and key as they are heard are the
/// source's. The share of songs for which the distance rises with the strength. And how often a
/// classifier, which has learnt from renders alone, hears in covers by the prompts "drums only" and
/// "soft pads" what was asked for.
nlohmann::json measure_covers(const studio::ModelFolder& model, const CoverMeasurement& settings);

/// Seconds that the parts of realtime work take with the threads that are set: encoding a second,
/// decoding a second with its context, one tick of four generations of a minute, a separation.
/// Speed depends on sizes alone, so an untrained model will do.
nlohmann::json measure_speed(const studio::ModelFolder& model);

}  // namespace headroom::train
