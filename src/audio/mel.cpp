#include "audio/mel.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom {
namespace {

constexpr double kMelPerHz = 3.0 / 200.0;
constexpr double kBreakHz = 1000.0;
constexpr double kBreakMel = kBreakHz * kMelPerHz;

double log_step() { return std::log(6.4) / 27.0; }

}  // namespace

double hz_to_mel(double hz) {
  return hz < kBreakHz ? hz * kMelPerHz : kBreakMel + std::log(hz / kBreakHz) / log_step();
}

double mel_to_hz(double mel) {
  return mel < kBreakMel ? mel / kMelPerHz : kBreakHz * std::exp(log_step() * (mel - kBreakMel));
}

std::vector<double> mel_frequencies(std::int64_t count, double highest_hz) {
  std::vector<double> points;
  points.reserve(static_cast<size_t>(count));
  const double step = hz_to_mel(highest_hz) / static_cast<double>(count - 1);
  for (std::int64_t i = 0; i < count; ++i)
    points.push_back(mel_to_hz(step * static_cast<double>(i)));
  return points;
}

at::Tensor mel_filterbank(int rate, std::int64_t n_fft, std::int64_t bands) {
  const auto points = mel_frequencies(bands + 2, rate / 2.0);
  const std::int64_t bins = n_fft / 2 + 1;
  auto filters = at::empty({bands, bins}, at::kFloat);
  for (std::int64_t b = 0; b < bands; ++b) {
    const double* point = points.data() + b;
    const double area = 2.0 / (point[2] - point[0]);
    float* row = filters.data_ptr<float>() + b * bins;
    for (std::int64_t k = 0; k < bins; ++k) {
      const double hz = static_cast<double>(k) * rate / static_cast<double>(n_fft);
      const double rise = (hz - point[0]) / (point[1] - point[0]);
      const double fall = (point[2] - hz) / (point[2] - point[1]);
      // Rounded to fp32 before the scaling, as the reference stores it.
      const auto height = static_cast<float>(std::max(0.0, std::min(rise, fall)));
      row[k] = static_cast<float>(height * area);
    }
  }
  return filters;
}

SparseFilterbank::SparseFilterbank(const at::Tensor& filters) {
  const auto dense = filters.to(at::kFloat).contiguous();
  const std::int64_t bins = dense.size(1);
  for (std::int64_t b = 0; b < dense.size(0); ++b) {
    const float* begin = dense.data_ptr<float>() + b * bins;
    const float* end = begin + bins;
    const auto used = [](float weight) { return weight != 0.0F; };
    const float* first = std::find_if(begin, end, used);
    while (end > first && !used(end[-1])) --end;
    rows_.push_back({first - begin, std::vector<float>(first, end)});
  }
}

void SparseFilterbank::apply(const float* spectrum, float* out) const {
  for (size_t b = 0; b < rows_.size(); ++b) {
    const float* input = spectrum + rows_[b].first;
    double sum = 0.0;
    for (const float weight : rows_[b].weights) sum += double{weight} * double{*input++};
    out[b] = static_cast<float>(sum);
  }
}

BandLayout band_layout(int rate, std::int64_t n_fft, std::int64_t bands, std::int64_t channels) {
  auto filters = mel_filterbank(rate, n_fft, bands);
  const std::int64_t bins = filters.size(1);
  float* weights = filters.data_ptr<float>();
  weights[0] = 1.0F;
  weights[bands * bins - 1] = 1.0F;
  BandLayout layout;
  layout.num_bands_per_freq.assign(static_cast<size_t>(bins), 0);
  for (std::int64_t b = 0; b < bands; ++b) {
    std::int64_t count = 0;
    for (std::int64_t k = 0; k < bins; ++k) {
      if (weights[b * bins + k] <= 0.0F) continue;
      ++count;
      ++layout.num_bands_per_freq[static_cast<size_t>(k)];
      for (std::int64_t c = 0; c < channels; ++c) layout.freq_indices.push_back(k * channels + c);
    }
    layout.num_freqs_per_band.push_back(count);
    layout.dim_inputs.push_back(2 * channels * count);
  }
  const auto& sizes = layout.num_freqs_per_band;
  const auto empty = std::find(sizes.begin(), sizes.end(), 0);
  if (empty != sizes.end()) {
    throw Error(ErrorKind::input,
                fmt::format("of {} mel bands, band {} holds no frequency of an FFT of {}", bands,
                            empty - sizes.begin(), n_fft));
  }
  return layout;
}

}  // namespace headroom
