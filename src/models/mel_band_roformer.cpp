#include "models/mel_band_roformer.h"

#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "tensor/ops.h"

namespace headroom::models {
namespace {

// Tokens that go through a transformer together: bounds the workspace (a feed-forward of width 1536
// holds 50 MB) without starving the matrix products. Sequences are independent, so this is exact.
constexpr std::int64_t kTokensAtOnce = 8192;

constexpr double kTiniestNorm = 1e-12;

// x / ‖x‖ · √d · γ: no epsilon inside the root, an all-zero vector stays zero.
at::Tensor unit_norm(const at::Tensor& x, const at::Tensor& gamma) {
  // Not in place: autograd keeps the norm.
  const auto norm = x.norm(2, {-1}, /*keepdim=*/true).clamp_min(kTiniestNorm);
  return x.div(norm).mul_(gamma * std::sqrt(static_cast<double>(x.size(-1))));
}

// Rotary embedding of neighbouring pairs (2j, 2j + 1); x [B, heads, S, d].
at::Tensor rope_interleaved(const at::Tensor& x, const at::Tensor& frequencies) {
  const auto angles = at::outer(at::arange(x.size(2), frequencies.options()), frequencies);
  const auto cos = angles.cos();
  const auto sin = angles.sin();
  const auto pairs = x.view({x.size(0), x.size(1), x.size(2), x.size(3) / 2, 2});
  const auto a = pairs.select(-1, 0);
  const auto b = pairs.select(-1, 1);
  return at::stack({a * cos - b * sin, b * cos + a * sin}, -1).view(x.sizes());
}

at::Tensor run_attention(const RoformerAttention& attention, std::int64_t heads,
                         const at::Tensor& h) {
  const auto u = unit_norm(h, attention.norm);
  const auto batch = h.size(0);
  const auto length = h.size(1);
  const auto qkv =
      attention.qkv(u).view({batch, length, 3, heads, -1}).permute({2, 0, 3, 1, 4}).contiguous();
  const auto mixed = headroom::attention(rope_interleaved(qkv[0], attention.frequencies),
                                         rope_interleaved(qkv[1], attention.frequencies), qkv[2]);
  const auto gates = at::sigmoid(attention.gates(u)).unsqueeze(-1);  // [B, S, heads, 1]
  return attention.out(mixed.view({batch, length, heads, -1}).mul(gates).view({batch, length, -1}));
}

at::Tensor run_feed_forward(const RoformerFeedForward& ff, const at::Tensor& h) {
  return ff.out(at::gelu(ff.in(unit_norm(h, ff.norm))));
}

// h [sequences, length, dim], in parts of whole sequences.
at::Tensor run_transformer(const RoformerTransformer& transformer, std::int64_t heads,
                           const at::Tensor& h) {
  auto out = at::empty_like(h, at::MemoryFormat::Contiguous);
  const auto part = std::max<std::int64_t>(1, kTokensAtOnce / h.size(1));
  for (std::int64_t begin = 0; begin < h.size(0); begin += part) {
    const auto count = std::min(part, h.size(0) - begin);
    auto x = h.narrow(0, begin, count).contiguous();
    for (const auto& [attention, ff] : transformer.blocks) {
      x = x + run_attention(attention, heads, x);
      x = x + run_feed_forward(ff, x);
    }
    out.narrow(0, begin, count).copy_(unit_norm(x, transformer.norm));
  }
  return out;
}

RoformerTransformer bind_transformer(const Weights& weights, const RoformerConfig& config,
                                     std::int64_t blocks) {
  const auto inner = config.heads * config.head_dim;
  RoformerTransformer transformer{.blocks = {},
                                  .norm = weights.as(at::kFloat, "norm.gamma", {config.dim})};
  for (std::int64_t k = 0; k < blocks; ++k) {
    const auto attention = weights / "layers" / k / 0;
    const auto ff = weights / "layers" / k / 1 / "net";
    transformer.blocks.push_back({
        {.norm = attention.as(at::kFloat, "norm.gamma", {config.dim}),
         .qkv = bind_linear(attention / "to_qkv", config.dim, 3 * inner, false),
         .gates = bind_linear(attention / "to_gates", config.dim, config.heads, true),
         .out = bind_linear(attention / "to_out" / 0, inner, config.dim, false),
         .frequencies = attention.as(at::kFloat, "rotary_embed.freqs", {config.head_dim / 2})},
        {.norm = ff.as(at::kFloat, "0.gamma", {config.dim}),
         .in = bind_linear(ff / 1, config.dim, config.ff_width, true),
         .out = bind_linear(ff / 4, config.ff_width, config.dim, true)},
    });
  }
  return transformer;
}

std::vector<Linear> bind_mask(const Weights& weights, const RoformerConfig& config,
                              std::int64_t width) {
  std::vector<Linear> chain;
  auto in = config.dim;
  for (std::int64_t i = 0; i < config.mask_depth; ++i) {
    chain.push_back(bind_linear(weights / (2 * i), in, config.mask_width, true));
    in = config.mask_width;
  }
  chain.push_back(bind_linear(weights / (2 * config.mask_depth), in, 2 * width, true));
  return chain;
}

// [T, dim] → [T, width]: linears with tanh between, closed by a gated linear unit.
at::Tensor run_mask(const std::vector<Linear>& chain, at::Tensor x) {
  for (size_t i = 0; i + 1 < chain.size(); ++i) x = at::tanh(chain[i](x));
  return at::glu(chain.back()(x), -1);
}

// x [T, sum of band widths] → h [T, bands, dim].
at::Tensor split_bands(const Roformer& roformer, const at::Tensor& x) {
  const auto parts = x.split_with_sizes(roformer.layout.dim_inputs, 1);
  std::vector<at::Tensor> features;
  for (size_t b = 0; b < parts.size(); ++b) {
    const auto& band = roformer.band_split[b];
    features.push_back(band.in(unit_norm(parts[b], band.norm)));
  }
  return at::stack(features, 1);
}

// Complex mask [T, rows] of one stem from the bands' features h [T, bands, dim].
at::Tensor estimate_mask(const Roformer& roformer, size_t stem, const at::Tensor& h) {
  std::vector<at::Tensor> parts;
  for (size_t b = 0; b < roformer.masks[stem].size(); ++b) {
    parts.push_back(run_mask(roformer.masks[stem][b], h.select(1, static_cast<std::int64_t>(b))));
  }
  const auto frames = h.size(0);
  const auto raw = at::cat(parts, 1).view({frames, -1, 2});
  auto sum = at::zeros({frames, roformer.row_overlap.size(0), 2}, raw.options());
  sum.index_add_(1, roformer.rows, raw);
  return at::view_as_complex(sum.div_(roformer.row_overlap));
}

}  // namespace

Roformer bind_roformer(const Weights& weights, const RoformerConfig& config) {
  Roformer roformer;
  roformer.config = config;
  roformer.layout = band_layout(config.sample_rate, config.n_fft, config.bands, config.channels);
  for (std::int64_t b = 0; b < config.bands; ++b) {
    const auto width = roformer.layout.dim_inputs[static_cast<size_t>(b)];
    const auto band = weights / "band_split" / "to_features" / b;
    roformer.band_split.push_back(
        {band.as(at::kFloat, "0.gamma", {width}), bind_linear(band / 1, width, config.dim, true)});
  }
  for (std::int64_t i = 0; i < config.depth; ++i) {
    const auto layer = weights / "layers" / i;
    roformer.layers.push_back({bind_transformer(layer / 0, config, config.time_blocks),
                               bind_transformer(layer / 1, config, config.freq_blocks)});
  }
  for (std::int64_t s = 0; s < config.stems; ++s) {
    std::vector<std::vector<Linear>> bands;
    for (std::int64_t b = 0; b < config.bands; ++b) {
      bands.push_back(bind_mask(weights / "mask_estimators" / s / "to_freqs" / b / 0, config,
                                roformer.layout.dim_inputs[static_cast<size_t>(b)]));
    }
    roformer.masks.push_back(std::move(bands));
  }
  roformer.rows = weights.place(at::kLong, at::tensor(roformer.layout.freq_indices, at::kLong));
  roformer.row_overlap =
      weights.place(at::kFloat, at::tensor(roformer.layout.num_bands_per_freq, at::kLong)
                                    .repeat_interleave(config.channels)
                                    .unsqueeze(1));
  return roformer;
}

at::Tensor separate_chunk(const Roformer& roformer, const at::Tensor& audio) {
  const auto& config = roformer.config;
  const StftSettings settings{.n_fft = config.n_fft, .hop = config.hop};
  const auto spectrum = stft(audio, settings);  // [channels, T, bins]
  const auto frames = spectrum.size(1);
  const auto bins = spectrum.size(2);
  // Frequency is the slow index of a row, the channel the fast one.
  const auto rows = spectrum.permute({1, 2, 0}).contiguous().view({frames, bins * config.channels});
  const auto gathered = at::view_as_real(rows).index_select(1, roformer.rows);
  auto h = split_bands(roformer, gathered.view({frames, -1}));
  for (const auto& layer : roformer.layers) {
    h = run_transformer(layer.time, config.heads, h.transpose(0, 1)).transpose(0, 1);
    h = run_transformer(layer.frequency, config.heads, h);
  }
  std::vector<at::Tensor> stems;
  for (size_t s = 0; s < roformer.masks.size(); ++s) {
    const auto masked = rows * estimate_mask(roformer, s, h);
    stems.push_back(istft(
        masked.view({frames, bins, config.channels}).permute({2, 0, 1}).contiguous(), settings));
  }
  return at::stack(stems);
}

}  // namespace headroom::models
