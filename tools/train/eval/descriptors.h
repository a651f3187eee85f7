// A piece of music as a few numbers about its spectrum, and a linear classifier over them: enough
// to tell drums from pads, and small enough to be beyond doubt.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include <ATen/ATen.h>

namespace headroom::train {

inline constexpr size_t kDescriptors = 8;
inline constexpr std::array<std::string_view, kDescriptors> kDescriptorNames{
    "onset strength",        // mean growth of mel bands
    "onset peaks",           // how unequal that is over time
    "spectral flatness",     // noise against tones
    "spectral centroid",     // log Hz
    "high share",            // log energy above 5 kHz, of all
    "low modulation",        // how unequal the energy below 150 Hz is over time
    "loudness modulation",   // the same of all frequencies
    "harmonic-percussive"};  // log ratio of what lasts to what strikes
using Descriptors = std::array<double, kDescriptors>;

/// `audio` [channels, n] at `rate` Hz, a second at least. Independent of its level; finite for
/// silence.
Descriptors describe(const at::Tensor& audio, int rate);

struct LabelledPiece {
  Descriptors values{};
  bool positive = false;
};

/// Logistic regression on standardised descriptors with a little weight decay, by gradient descent
/// from zero: equal examples give equal classifiers.
class LogisticClassifier {
 public:
  /// Needs examples of both kinds.
  explicit LogisticClassifier(const std::vector<LabelledPiece>& examples);

  /// That a piece is of the positive kind.
  double probability(const Descriptors& values) const;
  /// Of the standardised descriptors.
  const Descriptors& weights() const { return weights_; }

 private:
  Descriptors standardised(const Descriptors& values) const;

  Descriptors mean_{};
  Descriptors deviation_{};
  Descriptors weights_{};
  double bias_ = 0.0;
};

}  // namespace headroom::train
