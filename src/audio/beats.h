// The dynamic programme behind track_beats(), in its four steps (after D. Ellis, "Beat tracking by
// dynamic programming", 2007, as librosa does it). Frames are those of tempo.h; all in double.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

namespace headroom {

/// Onsets divided by their standard deviation and smoothed over a beat:
/// Σ_k x[i − k]·exp(−½·(32k / p)²), |k| ≤ p, p being `frames_per_beat`. Double [frames].
at::Tensor beat_local_score(const at::Tensor& onsets, std::int64_t frames_per_beat);

/// The best chain of beats that ends in each frame.
struct BeatChain {
  at::Tensor cumulative_score;       // double [frames]
  std::vector<std::int64_t> before;  // the beat before a beat there, or −1
};

/// Each frame links to the earlier frame, half a beat to two beats away, with the best score minus
/// 100·ln²(distance / p). Cost: frames · 1.5 p.
BeatChain link_beats(const at::Tensor& local_score, std::int64_t frames_per_beat);

/// The chain of the last frame that is a local maximum of at least half the median maximum.
std::vector<std::int64_t> follow_beats(const BeatChain& chain);

/// `beats` without those before the first and after the last frame whose local score exceeds half
/// the root mean square of the smoothed scores of the beats.
std::vector<std::int64_t> trim_beats(const std::vector<std::int64_t>& beats,
                                     const at::Tensor& local_score);

}  // namespace headroom
