// The Oobleck variational autoencoder: 48 kHz stereo audio to 25 Hz latents and back.
// Source: specification "ACE-Step v1.5", section 12.
//
// Receptive fields: latent frame j of the encoder sees the samples of frames j−6 … j+7; one latent
// frame of the decoder reaches 8.34 frames to each side. So margins of kEncodeReach and
// kDecodeReach frames make chunked work equal to single-shot work (for the published ratios).
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

#include "models/config.h"
#include "tensor/weights.h"

namespace headroom::models {

inline constexpr std::int64_t kEncodeReach = 7;
inline constexpr std::int64_t kDecodeReach = 9;

/// x + sin²(e^alpha·x) / (e^beta + 1e-9), with both factors taken out of their logarithms; [C, 1].
struct Snake {
  at::Tensor frequency, amplitude;

  at::Tensor operator()(const at::Tensor& x) const;
};

/// A weight-normalised convolution, fused: W = g ⊙ v / ‖v‖.
struct Conv {
  at::Tensor weight;  // [out, in, k]; of a transposed convolution [in, out, k]
  at::Tensor bias;    // [out] or undefined
};

/// x + conv2(snake2(conv1(snake1(x)))); conv1 has kernel 7 and the dilation, conv2 kernel 1.
struct ResidualUnit {
  Snake snake1, snake2;
  Conv conv1, conv2;
  std::int64_t dilation = 1;
};

struct OobleckBlock {
  std::vector<ResidualUnit> units;  // dilations 1, 3, 9
  Snake snake;
  Conv resample;  // strided (encoder) or transposed (decoder), kernel 2 · stride
  std::int64_t stride = 1;
};

struct OobleckEncoder {
  OobleckConfig config;
  Conv conv1;
  std::vector<OobleckBlock> blocks;
  Snake snake;
  Conv conv2;
};

struct OobleckDecoder {
  OobleckConfig config;
  Conv conv1;
  std::vector<OobleckBlock> blocks;
  Snake snake;
  Conv conv2;  // no bias
};

/// Each needs only the `encoder.*` or `decoder.*` tensors.
OobleckEncoder bind_oobleck_encoder(const Weights& weights, const OobleckConfig& config);
OobleckDecoder bind_oobleck_decoder(const Weights& weights, const OobleckConfig& config);

/// Mean and standard deviation of the latent, each [B, C, T].
struct Posterior {
  at::Tensor mean, deviation;
};

/// audio [B, channels, n], n ≥ hop → moments [B, 2C, ⌊n / hop⌋] (mean, then raw scale).
/// Cost: 122 GFLOP per second of audio; workspace 74 MB per second in fp32 and more for snake.
at::Tensor encode_moments(const OobleckEncoder& encoder, const at::Tensor& audio);

/// deviation = softplus(scale) + 1e-4, in fp32. A latent is mean + deviation · ε.
Posterior posterior(const at::Tensor& moments);

/// latents [B, C, T] → audio [B, channels, T · hop]; may exceed ±1.
at::Tensor decode(const OobleckDecoder& decoder, const at::Tensor& latents);

}  // namespace headroom::models
