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
/// distance in dB and SI-SDR in dB for each.
nlohmann::json measure_vae(const studio::ModelFolder& model, const MeasureSettings& settings);

/// SI-SDR of the vocals over that of the mixture, on held-out songs; for the separator, and for
/// taking the middle of the stereo image. And how fast a separation runs.
nlohmann::json measure_separator(const studio::ModelFolder& model, const MeasureSettings& settings);

/// Seconds that the parts of realtime work take with the threads that are set: encoding a second,
/// decoding a second with its context, one tick of four generations of a minute, a separation.
/// Speed depends on sizes alone, so an untrained model will do.
nlohmann::json measure_speed(const studio::ModelFolder& model);

}  // namespace headroom::train
