// What a session plays: a track prepared for the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include <ATen/ATen.h>

#include "base/progress.h"
#include "wire/types.h"

namespace headroom::session {

/// Length quantum of every source: 0.2 s, whole semantic tokens.
inline constexpr std::int64_t kPoolSamples = 9600;
inline constexpr std::int64_t kSampleRate = 48000;
/// Shorter sources say nothing to the encoder (W23).
inline constexpr double kShortestSeconds = 1.0;
/// What a session lays out at most; longer sources are played in windows.
inline constexpr double kLongestLayout = 240.0;

/// Tempo, key and time signature of a track.
struct Analysis {
  int bpm = 120;
  std::string key = "C major";
  std::string time_signature = "4";
};

/// Both stems of a track, each [2, n] at 48 kHz, n the track's.
struct Stems {
  at::Tensor vocals;
  at::Tensor instruments;
  const at::Tensor& of(wire::StemMode mode) const {
    return mode == wire::StemMode::vocals ? vocals : instruments;
  }
};

/// Immutable once made; shared by whoever plays it. All in host memory.
struct Source {
  std::string name;      // of the library, or the client's label; may be empty
  std::string track_id;  // empty: not in the library
  wire::StemMode mode = wire::StemMode::full;
  bool mode_given = false;  // the client asked for stems to be sent along
  at::Tensor audio;         // [2, n], whole pools: what is heard first
  at::Tensor latents;       // [1, T, C], T = n / 1920
  at::Tensor hints;         // [1, T, C]
  Analysis analysis;
  std::optional<Stems> stems{};
  std::string stems_error{};  // why there are none, when somebody asked
  std::int64_t frames() const { return latents.size(1); }
  double seconds() const {
    return static_cast<double>(audio.size(1)) / static_cast<double>(kSampleRate);
  }
};

/// Ends device work at its next chunk once a stop was asked for: Error(canceled).
class StopAtChunk : public Progress {
 public:
  explicit StopAtChunk(std::stop_token stop) : stop_(std::move(stop)) {}
  void stage(std::string_view, std::int64_t) override {}
  void step() override;

 private:
  std::stop_token stop_;
};

/// Samples that are left of so many: whole pools. Throws Error(input) when that is less than
/// kShortestSeconds.
std::int64_t aligned_length(std::int64_t samples);

/// Audio [c, n] as a source: two channels, cut to whole pools (and to `crop` seconds, 0: all).
/// Throws as aligned_length() does.
at::Tensor aligned(const at::Tensor& audio, double crop = 0.0);

/// Tempo and key of the centred 60 s of audio [2, n] at 48 kHz (S42).
Analysis analyse(const at::Tensor& audio);

}  // namespace headroom::session
