// The musical key of a track by a convolutional network (F. Korzeniowski and G. Widmer, "End-to-end
// musical key estimation using a convolutional neural network", 2017). Needs the user's own
// weights: the published ones are not free, so none are shipped. Without them use detect_key().
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>

#include "tensor/weights.h"

namespace headroom {

/// The rate that the network listens at, in Hz.
inline constexpr int kKeyNetworkRate = 44100;

/// Fewer samples than this (1.4 s) leave nothing to the third pooling.
inline constexpr std::int64_t kKeyNetworkShortest = 61740;

/// [4097, 105] fp32: triangles over quarter tones from 65 to 2100 Hz, for an FFT of 8192.
at::Tensor key_filterbank();

/// `mono` [n] fp32 at kKeyNetworkRate → log spectrogram [frames, 105], five frames a second.
/// Shorter audio than one FFT is padded with zeros.
at::Tensor key_features(const at::Tensor& mono);

/// The network's own spelling of class 0..23: A = 0, flats and sharps mixed, majors first.
std::string key_network_label(int index);

/// Nine convolutions, three poolings, one mean. Channel counts are those of the weights.
class KeyNetwork {
 public:
  /// Takes `convs.{i}.weight` [out, in, k, k] and `convs.{i}.bias`, or `conv{i}.…`, i = 0..8.
  /// Throws Error(checkpoint).
  static KeyNetwork bind(const Weights& weights);

  /// [24] from key_features(). Throws Error(input) for fewer than 8 frames.
  at::Tensor logits(const at::Tensor& features) const;

  /// Label of the likeliest class of `mono` at kKeyNetworkRate; "C major" for no audio at all.
  std::string detect(const at::Tensor& mono) const;

 private:
  struct Convolution {
    at::Tensor weight;
    at::Tensor bias;
  };
  std::vector<Convolution> convs_;
};

}  // namespace headroom
