// Mel-Band RoFormer: stereo music to stems, by a complex mask on its spectrum.
//
//   audio ─ STFT ─ 60 overlapping mel bands ─ one feature vector each
//     ┌ transformer along time, for each band ┐
//     └ transformer along bands, at each frame ┘ × depth
//   one MLP per band and stem ─ mask, averaged where bands overlap ─ × STFT ─ inverse STFT
//
// All arithmetic is fp32 whatever the file holds, as in the reference.
// Source: specification "Mel-Band RoFormer", sections 1 to 4 and 9.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/ATen.h>
#include <nlohmann/json_fwd.hpp>

#include "audio/mel.h"
#include "audio/stft.h"
#include "models/layers.h"

namespace headroom::models {

struct RoformerConfig {
  // What the tensors tell.
  std::int64_t dim = 384;
  std::int64_t depth = 6;
  std::int64_t time_blocks = 1;  // attention + feed-forward pairs per time transformer
  std::int64_t freq_blocks = 1;
  std::int64_t bands = 60;
  std::int64_t heads = 8;
  std::int64_t head_dim = 64;
  std::int64_t stems = 1;
  std::int64_t ff_width = 1536;
  std::int64_t mask_depth = 2;  // hidden layers of a mask MLP
  std::int64_t mask_width = 1536;
  // What they do not, with the values of every published checkpoint.
  std::int64_t channels = 2;
  std::int64_t n_fft = 2048;
  std::int64_t hop = 441;
  int sample_rate = 44100;
  std::int64_t chunk = 352800;  // samples per run; a multiple of hop
};

/// Sizes from the tensors, so that any checkpoint of the family loads; `side` is an optional JSON
/// object (config.json beside the file) that may give stft_n_fft, stft_hop_length, sample_rate,
/// stereo and chunk_size. Throws Error(checkpoint) where tensors and side file contradict each
/// other.
RoformerConfig derive_roformer_config(const Weights& weights, const nlohmann::json& side,
                                      const std::string& where);

struct RoformerAttention {
  at::Tensor norm;         // gamma [dim]
  Linear qkv, gates, out;  // gates: one number per head and token
  at::Tensor frequencies;  // [head_dim / 2], as stored: recomputing fp16 ones is audible
};
struct RoformerFeedForward {
  at::Tensor norm;
  Linear in, out;
};
/// k × (attention, feed-forward) and a closing norm.
struct RoformerTransformer {
  std::vector<std::pair<RoformerAttention, RoformerFeedForward>> blocks;
  at::Tensor norm;
};
struct RoformerBand {
  at::Tensor norm;
  Linear in;
};

struct Roformer {
  RoformerConfig config;
  BandLayout layout;
  std::vector<RoformerBand> band_split;
  struct Layer {
    RoformerTransformer time, frequency;
  };
  std::vector<Layer> layers;
  /// masks[stem][band] is a chain of linears with tanh between them.
  std::vector<std::vector<std::vector<Linear>>> masks;
  at::Tensor rows;         // int64 [sum of bins · channels]: spectrum row of every mask row
  at::Tensor row_overlap;  // fp32 [bins · channels, 1]: how many bands hold the row
};

Roformer bind_roformer(const Weights& weights, const RoformerConfig& config);

/// audio [channels, n] fp32, n a multiple of hop and longer than n_fft / 2 → [stems, channels, n].
/// Cost at the published size and 8 s: 3.1 TFLOP; workspace about 1 GB in fp32.
at::Tensor separate_chunk(const Roformer& roformer, const at::Tensor& audio);

}  // namespace headroom::models
