#include "flop.h"

#include <algorithm>

#include "audio/mel.h"

namespace headroom::bench {
namespace {

using models::AceStepConfig;
using models::OobleckConfig;
using models::TransformerSize;

constexpr double kTwo = 2.0;

double product(std::int64_t a, std::int64_t b) {
  return static_cast<double>(a) * static_cast<double>(b);
}

double linear(std::int64_t rows, std::int64_t in, std::int64_t out) {
  return kTwo * static_cast<double>(rows) * product(in, out);
}

// Queries and output, whose cost does not depend on where keys come from.
double query_and_output(const TransformerSize& size, std::int64_t rows) {
  return kTwo * linear(rows, size.hidden, size.heads * size.head_dim);
}

double key_value(const TransformerSize& size, std::int64_t rows) {
  return kTwo * linear(rows, size.hidden, size.kv_heads * size.head_dim);
}

double mlp(const TransformerSize& size, std::int64_t rows) {
  return 3.0 * linear(rows, size.hidden, size.intermediate);
}

// Scores and their product with the values.
double scores(const TransformerSize& size, double pairs) {
  return 2.0 * kTwo * pairs * static_cast<double>(size.heads * size.head_dim);
}

// `layers` pre-norm layers over `batch` sequences of `length`, every other one with the window.
double encoder(const AceStepConfig& config, std::int64_t layers, std::int64_t batch,
               std::int64_t length) {
  const auto& size = config.encoder;
  const auto rows = batch * length;
  double total = 0.0;
  for (std::int64_t i = 0; i < layers; ++i) {
    const bool slides = config.slides[static_cast<size_t>(i)];
    total += query_and_output(size, rows) + key_value(size, rows) + mlp(size, rows);
    total += static_cast<double>(batch) *
             scores(size, attention_pairs(length, slides ? config.window : -1));
  }
  return total;
}

double convolution(double length, std::int64_t in, std::int64_t out, std::int64_t kernel) {
  return kTwo * length * product(in, out) * static_cast<double>(kernel);
}

double residual_units(double length, std::int64_t width) {
  return 3.0 * (convolution(length, width, width, 7) + convolution(length, width, width, 1));
}

}  // namespace

double attention_pairs(std::int64_t length, std::int64_t window) {
  if (window < 0) return product(length, length);
  double pairs = 0.0;
  for (std::int64_t i = 0; i < length; ++i) {
    const auto first = std::max<std::int64_t>(0, i - window);
    const auto last = std::min(length - 1, i + window);
    pairs += static_cast<double>(last - first + 1);
  }
  return pairs;
}

double dit_flop(const AceStepConfig& config, std::int64_t tokens, std::int64_t condition) {
  const auto& size = config.decoder;
  constexpr std::int64_t sinusoid = 256;
  double total = linear(tokens, config.patch * 3 * config.latent_channels, size.hidden) +
                 linear(tokens, size.hidden, config.patch * config.latent_channels);
  total += 2.0 * (linear(1, sinusoid, size.hidden) + 7.0 * linear(1, size.hidden, size.hidden));
  for (std::int64_t i = 0; i < config.decoder_layers; ++i) {
    const bool slides = config.slides[static_cast<size_t>(i)];
    total += 2.0 * query_and_output(size, tokens) + key_value(size, tokens) + mlp(size, tokens);
    total += scores(size, attention_pairs(tokens, slides ? config.window : -1)) +
             scores(size, product(tokens, condition));
  }
  return total;
}

double condition_flop(const AceStepConfig& config, std::int64_t text, std::int64_t lyrics,
                      std::int64_t timbre) {
  const auto hidden = config.encoder.hidden;
  const auto positions = timbre + (config.xl ? 1 : 0);
  return linear(text, config.text_width, hidden) + linear(lyrics, config.text_width, hidden) +
         linear(timbre, config.timbre_width, hidden) +
         encoder(config, config.lyric_layers, 1, lyrics) +
         encoder(config, config.timbre_layers, 1, positions);
}

double tokenize_flop(const AceStepConfig& config, std::int64_t frames) {
  const auto hidden = config.encoder.hidden;
  const auto tokens = frames / config.pool_window;
  const auto digits = static_cast<std::int64_t>(config.fsq_levels.size());
  return linear(frames, config.latent_channels, hidden) + linear(frames, hidden, hidden) +
         encoder(config, config.pooler_layers, tokens, config.pool_window + 1) +
         2.0 * linear(tokens, hidden, digits);
}

double detokenize_flop(const AceStepConfig& config, std::int64_t frames) {
  const auto hidden = config.encoder.hidden;
  const auto tokens = frames / config.pool_window;
  return linear(tokens, hidden, hidden) +
         encoder(config, config.pooler_layers, tokens, config.pool_window) +
         linear(frames, hidden, config.latent_channels);
}

double text_flop(const models::Qwen3Config& config, std::int64_t tokens) {
  const auto& size = config.size;
  const double pairs = static_cast<double>(tokens) * static_cast<double>(tokens + 1) / 2.0;
  return static_cast<double>(config.layers) *
         (query_and_output(size, tokens) + key_value(size, tokens) + mlp(size, tokens) +
          scores(size, pairs));
}

double vae_encode_flop(const OobleckConfig& config, std::int64_t samples) {
  auto length = static_cast<double>(samples);
  auto width = config.encoder_hidden;
  double total = convolution(length, config.audio_channels, width, 7);
  for (size_t i = 0; i < config.ratios.size(); ++i) {
    const auto next = config.encoder_hidden * config.multiples[i];
    total += residual_units(length, width);
    length /= static_cast<double>(config.ratios[i]);
    total += convolution(length, width, next, 2 * config.ratios[i]);
    width = next;
  }
  return total + convolution(length, width, 2 * config.latent_channels, 3);
}

double vae_decode_flop(const OobleckConfig& config, std::int64_t frames) {
  const auto count = config.ratios.size();
  auto length = static_cast<double>(frames);
  auto width = config.decoder_channels * config.multiples.back();
  double total = convolution(length, config.latent_channels, width, 7);
  for (size_t i = 0; i < count; ++i) {
    const auto next =
        config.decoder_channels * (i + 1 < count ? config.multiples[count - 2 - i] : 1);
    const auto stride = config.ratios[count - 1 - i];
    total += convolution(length, width, next, 2 * stride);
    length *= static_cast<double>(stride);
    total += residual_units(length, next);
    width = next;
  }
  return total + convolution(length, width, config.audio_channels, 7);
}

double roformer_flop(const models::RoformerConfig& config, std::int64_t samples) {
  const auto frames = 1 + samples / config.hop;
  const auto tokens = frames * config.bands;
  const auto inner = config.heads * config.head_dim;
  const double block = linear(tokens, config.dim, 4 * inner + config.heads) +
                       2.0 * linear(tokens, config.dim, config.ff_width);
  const double time_scores = 4.0 * product(frames, frames) * product(config.bands, inner);
  const double band_scores = 4.0 * product(config.bands, config.bands) * product(frames, inner);
  double total = static_cast<double>(config.depth) *
                 (static_cast<double>(config.time_blocks) * (block + time_scores) +
                  static_cast<double>(config.freq_blocks) * (block + band_scores));
  const auto layout = band_layout(config.sample_rate, config.n_fft, config.bands, config.channels);
  for (const auto width : layout.dim_inputs) {
    total += linear(frames, width, config.dim);
    const double mask = linear(frames, config.dim, config.mask_width) +
                        static_cast<double>(config.mask_depth - 1) *
                            linear(frames, config.mask_width, config.mask_width) +
                        linear(frames, config.mask_width, 2 * width);
    total += static_cast<double>(config.stems) * mask;
  }
  return total;
}

}  // namespace headroom::bench
