#include "studio/footprint.h"

#include <algorithm>
#include <initializer_list>

#include "audio/mel.h"
#include "tensor/ops.h"

namespace headroom::studio {
namespace {

using Bytes = std::uint64_t;

// Norms, modulations, tables, and the pool's rounding.
constexpr Bytes kSmallTensors = 512 << 10;
constexpr Bytes kFp32 = 4;

Bytes with_small_tensors(Bytes large) { return large + large / 50 + kSmallTensors; }

Bytes bytes(std::initializer_list<std::int64_t> sizes, Bytes element) {
  Bytes product = element;
  for (const auto size : sizes) product *= static_cast<Bytes>(std::max<std::int64_t>(0, size));
  return product;
}

struct Sequences {
  std::int64_t count;    // of equal length
  std::int64_t length;   // queries each
  std::int64_t keys;     // keys each
  std::int64_t visible;  // keys that one query block sees
};

// headroom::attention(): scaled queries, the result, and one block of scores with its softmax, its
// mask and its part of the result.
Bytes attention_footprint(const Sequences& s, std::int64_t heads, std::int64_t width,
                          Bytes element) {
  const auto block = std::min(s.length, kQueryBlock);
  const auto row_scores = heads * block * s.keys;
  const auto part =
      std::clamp<std::int64_t>(kMostScores / std::max<std::int64_t>(1, row_scores), 1, s.count);
  const auto scores = bytes({part, heads, block, s.visible}, 1);
  // In 16 bit: scores, their fp32 copy and its softmax; in fp32: scores and softmax.
  const auto each = element < kFp32 ? element + 2 * kFp32 : 2 * element;
  const auto mask = bytes({block, s.visible}, 2 * sizeof(std::int64_t) + 2);
  const auto whole = bytes({s.count, s.length, heads, width}, element);
  const auto copies = s.length > kQueryBlock ? 2 : 1;
  return 2 * whole + copies * bytes({part, block, heads, width}, element) + scores * each + mask;
}

// Norms in 16 bit work on two fp32 copies.
Bytes norm_footprint(std::int64_t tokens, std::int64_t width, Bytes element) {
  return bytes({tokens, width}, element < kFp32 ? 3 * kFp32 : 2 * kFp32);
}

std::int64_t window_keys(std::int64_t length, std::int64_t window) {
  return std::min(length, std::min(length, kQueryBlock) + 2 * window);
}

// A pre-norm transformer layer: `alive` tensors of the stream's width beside its temporaries.
// Queries exist as projected, as laid out for the heads, scaled, and as result.
Bytes layer_footprint(const models::TransformerSize& size, const Sequences& s, std::int64_t alive,
                      Bytes element) {
  const auto tokens = s.count * s.length;
  const auto stream = bytes({tokens, size.hidden}, element);
  const auto queries = bytes({tokens, size.heads * size.head_dim}, element);
  const auto keys = bytes({s.count * s.keys, size.kv_heads * size.head_dim}, element);
  const auto attention =
      2 * queries + 2 * keys + attention_footprint(s, size.heads, size.head_dim, element);
  const auto projecting =
      2 * keys + queries + norm_footprint(tokens * size.heads, size.head_dim, element);
  const auto mlp = 3 * bytes({tokens, size.intermediate}, element) + stream;
  const auto norm = norm_footprint(tokens, size.hidden, element) + stream;
  return static_cast<Bytes>(alive) * stream + std::max({attention, projecting, mlp, norm});
}

// An Encoder: its layers attend within a window or not; the worst is without.
Bytes encoder_footprint(const models::TransformerSize& size, std::int64_t count,
                        std::int64_t length, Bytes element) {
  const Sequences s{count, length, length, length};
  return with_small_tensors(layer_footprint(size, s, 3, element));
}

}  // namespace

Bytes dit_footprint(const models::AceStepConfig& config, std::int64_t frames, std::int64_t rows,
                    Bytes element) {
  const auto tokens = (frames + config.patch - 1) / config.patch;
  const bool all_slide =
      std::all_of(config.slides.begin(), config.slides.end(), [](bool slides) { return slides; });
  const Sequences s{rows, tokens, tokens, all_slide ? window_keys(tokens, config.window) : tokens};
  const auto input = 3 * bytes({rows, frames, 3 * config.latent_channels}, kFp32);
  const auto modulations = (static_cast<Bytes>(config.decoder_layers) + 4) *
                           bytes({rows, 6, config.decoder.hidden}, kFp32);
  return with_small_tensors(layer_footprint(config.decoder, s, 2, element) + input + modulations);
}

Bytes condition_bytes(const models::AceStepConfig& config, std::int64_t length, Bytes element) {
  const auto one = bytes({length, config.decoder.kv_heads * config.decoder.head_dim}, element);
  return static_cast<Bytes>(config.decoder_layers) * 2 * one;
}

Bytes prepare_condition_footprint(const models::AceStepConfig& config, std::int64_t length,
                                  Bytes element) {
  const auto width = config.decoder.kv_heads * config.decoder.head_dim;
  return condition_bytes(config, length, element) +
         bytes({length, config.decoder.hidden + config.encoder.hidden}, element) +
         2 * bytes({length, width}, element) + norm_footprint(length, width, element) +
         kSmallTensors;
}

Bytes text_footprint(const models::Qwen3Config& config, std::int64_t tokens, Bytes element) {
  return encoder_footprint(config.size, 1, tokens, element);
}

Bytes condition_footprint(const models::AceStepConfig& config, std::int64_t text,
                          std::int64_t lyrics, std::int64_t timbre, Bytes element) {
  const auto width = config.encoder.hidden;
  const auto result = bytes({text + lyrics + 1, width}, element);
  const auto inputs = bytes({text + lyrics, config.text_width}, kFp32) +
                      bytes({timbre, config.timbre_width}, kFp32);
  return 2 * result + inputs +
         std::max(encoder_footprint(config.encoder, 1, lyrics, element),
                  encoder_footprint(config.encoder, 1, timbre + 1, element));
}

Bytes hints_footprint(const models::AceStepConfig& config, std::int64_t frames, Bytes element) {
  const auto tokens = (frames + config.pool_window - 1) / config.pool_window;
  const auto ends = bytes({2 * frames, config.latent_channels}, kFp32);
  return ends + encoder_footprint(config.encoder, tokens, config.pool_window + 1, element);
}

namespace {

// Bytes per element while a residual unit runs on a tensor of which the block's input is also
// alive: in fp32 input, x, first convolution, snake of it, second convolution and its scratch; in
// 16 bit the snake's two fp32 tensors weigh more.
Bytes unit_cost(Bytes element) { return element < kFp32 ? 3 * element + 2 * kFp32 : 5 * element; }

// With several threads convolutions work on blocks of 16 channels: a narrower tensor is widened.
std::int64_t in_blocks(std::int64_t channels) { return (channels + 15) / 16 * 16; }

}  // namespace

Bytes vae_encode_footprint(const models::OobleckConfig& config, std::int64_t frames,
                           Bytes element) {
  auto length = frames * config.hop();
  auto width = config.encoder_hidden;
  const auto audio = 2 * bytes({config.audio_channels, length}, kFp32);
  Bytes most = 0;
  for (size_t i = 0; i < config.ratios.size(); ++i) {
    most = std::max(most, bytes({in_blocks(width), length}, unit_cost(element)));
    width = config.encoder_hidden * config.multiples[i];
    length /= config.ratios[i];
  }
  return with_small_tensors(audio + most + bytes({4 * config.latent_channels, frames}, kFp32));
}

Bytes vae_decode_footprint(const models::OobleckConfig& config, std::int64_t frames,
                           Bytes element) {
  auto length = frames;
  const auto count = config.ratios.size();
  Bytes most = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto width =
        config.decoder_channels * (i + 1 < count ? config.multiples[count - 2 - i] : 1);
    length *= config.ratios[count - 1 - i];
    most = std::max(most, bytes({in_blocks(width), length}, unit_cost(element)));
  }
  return with_small_tensors(most + bytes({config.audio_channels, length}, 2 * kFp32));
}

Bytes separator_footprint(const models::RoformerConfig& config) {
  constexpr std::int64_t tokens_at_once = 8192;
  const auto frames = config.chunk / config.hop + 1;
  const auto bins = config.n_fft / 2 + 1;
  const auto layout = band_layout(config.sample_rate, config.n_fft, config.bands, config.channels);
  std::int64_t features = 0;
  for (const auto width : layout.dim_inputs) features += width;
  const auto spectrum = bytes({config.channels, frames, bins}, 2 * kFp32);
  const auto stream = bytes({frames, config.bands, config.dim}, kFp32);

  const auto inner = config.heads * config.head_dim;
  const auto length = std::max<std::int64_t>(frames, config.bands);
  const auto part = std::max<std::int64_t>(1, tokens_at_once / length) * length;
  const Sequences s{part / length, length, length, length};
  const auto attention = bytes({part, 3 * inner}, kFp32) + 2 * bytes({part, inner}, kFp32) +
                         attention_footprint(s, config.heads, config.head_dim, kFp32);
  const auto feed_forward =
      2 * bytes({part, config.ff_width}, kFp32) + bytes({part, config.dim}, kFp32);
  const auto transformer =
      2 * stream + 3 * bytes({part, config.dim}, kFp32) + std::max(attention, feed_forward);

  const auto mask = stream + static_cast<Bytes>(config.stems) * spectrum +
                    3 * bytes({frames, 2 * features}, kFp32) +
                    2 * bytes({frames, config.mask_width}, kFp32);
  const auto split = bytes({frames, 2 * features}, kFp32) + 2 * stream;
  return with_small_tensors(2 * spectrum + std::max({transformer, mask, split}));
}

}  // namespace headroom::studio
