#include "cli/clicks.h"

#include <algorithm>
#include <numeric>

namespace headroom::test {
namespace {

constexpr double kPlaceSeconds = 0.002;
constexpr std::int64_t kNeighbours = 50;  // places on each side that make the neighbourhood
constexpr double kQuiet = 1e-5;           // second differences below this are not heard anyway

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Largest second difference of any channel, per place of `width` samples from `offset` on.
std::vector<double> peaks(const at::Tensor& audio, std::int64_t width, std::int64_t offset) {
  const auto n = audio.size(1) - 2;
  const auto bends =
      (audio.narrow(1, 0, n) - audio.narrow(1, 1, n) * 2.0 + audio.narrow(1, 2, n)).abs().amax(0);
  const auto places = (n - offset) / width;
  const auto largest = bends.narrow(0, offset, places * width)
                           .view({places, width})
                           .amax(1)
                           .to(at::kDouble)
                           .contiguous();
  return {largest.data_ptr<double>(), largest.data_ptr<double>() + places};
}

double roughness_at(const std::vector<double>& peaks, std::int64_t place) {
  const auto begin = peaks.begin() + std::max<std::int64_t>(0, place - kNeighbours);
  const auto end = peaks.begin() + std::min(std::ssize(peaks), place + kNeighbours + 1);
  return peaks[static_cast<size_t>(place)] / (median({begin, end}) + kQuiet);
}

}  // namespace

bool SeamReport::clicks() const { return worst_rank > 0.9995 || mean_rank > 0.9; }

SeamReport measure_seams(const at::Tensor& audio, int rate,
                         const std::vector<std::int64_t>& seams) {
  const auto width = static_cast<std::int64_t>(kPlaceSeconds * rate);
  const auto ordinary_peaks = peaks(audio, width, 0);
  const auto places = std::ssize(ordinary_peaks);
  std::vector<bool> is_seam(static_cast<size_t>(places), false);
  for (const auto seam : seams) {
    for (const auto place : {seam / width - 1, seam / width, seam / width + 1}) {
      if (place >= 0 && place < places) is_seam[static_cast<size_t>(place)] = true;
    }
  }
  std::vector<double> ordinary;
  for (std::int64_t place = kNeighbours; place < places - kNeighbours; ++place) {
    if (!is_seam[static_cast<size_t>(place)])
      ordinary.push_back(roughness_at(ordinary_peaks, place));
  }
  std::sort(ordinary.begin(), ordinary.end());

  SeamReport report;
  report.usual_roughness =
      ordinary[static_cast<size_t>(0.999 * static_cast<double>(ordinary.size()))];
  for (const auto seam : seams) {
    const auto place = seam / width;
    if (place < kNeighbours || place + kNeighbours >= places) continue;
    // A grid of places with the seam in the middle of one of them.
    const auto begin = seam - width / 2 - 1;
    const auto own = peaks(audio, width, begin % width);
    const double rough = roughness_at(own, begin / width);
    const auto calmer =
        std::lower_bound(ordinary.begin(), ordinary.end(), rough) - ordinary.begin();
    report.roughness.push_back(rough);
    report.rank.push_back(static_cast<double>(calmer) / static_cast<double>(ordinary.size()));
  }
  if (report.rank.empty()) return report;
  report.worst_roughness = *std::max_element(report.roughness.begin(), report.roughness.end());
  report.worst_rank = *std::max_element(report.rank.begin(), report.rank.end());
  report.mean_rank = std::accumulate(report.rank.begin(), report.rank.end(), 0.0) /
                     static_cast<double>(report.rank.size());
  return report;
}

std::vector<std::int64_t> seams_every(std::int64_t stride, std::int64_t length) {
  std::vector<std::int64_t> seams;
  for (auto at = stride; at < length; at += stride) seams.push_back(at);
  return seams;
}

}  // namespace headroom::test
