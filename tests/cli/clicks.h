// Whether a signal clicks at places where a chunked computation was sewn together.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

namespace headroom::test {

/// How rough the signal is at its seams, against how rough it is elsewhere. Roughness of a place is
/// the largest second difference within 1 ms of it, over the median of that in the 200 ms around:
/// a step or a kink stands out of its neighbourhood, a drum hit lifts all of it. A seam's rank is
/// the share of all other places that are calmer; without seams that are heard, ranks are spread
/// over 0…1.
struct SeamReport {
  std::vector<double> roughness;  // per seam
  std::vector<double> rank;       // per seam
  double worst_roughness = 0.0;
  double worst_rank = 0.0;
  double mean_rank = 0.0;
  double usual_roughness = 0.0;  // 99.9 % of ordinary places are calmer

  /// A seam is rougher than any ordinary place, or the seams as a whole are in the rough tenth.
  bool clicks() const;
};

/// `audio` [channels, n]; `seams` are positions in samples, those too near to the ends are skipped.
SeamReport measure_seams(const at::Tensor& audio, int rate, const std::vector<std::int64_t>& seams);

/// Multiples of `stride` inside `length`.
std::vector<std::int64_t> seams_every(std::int64_t stride, std::int64_t length);

}  // namespace headroom::test
