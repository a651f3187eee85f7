#include "studio/vae_codec.h"

#include <algorithm>
#include <vector>

#include "diffusion/noise.h"
#include "studio/finite.h"

namespace headroom::studio {

EncodeLimits default_encode_limits(const models::OobleckConfig& config) {
  return {.most_samples = kEncodeFrames * config.hop(),
          .least_samples = 0,
          .hop = config.hop(),
          .margin = kEncodeMargin};
}

at::Tensor encode_in_chunks(const EncodeRun& encode, const at::Tensor& audio,
                            const EncodeLimits& limits, Progress& progress) {
  const auto samples = audio.size(2);
  const auto chunks = plan_encode(samples, limits);
  progress.stage("encode", static_cast<std::int64_t>(chunks.size()));
  std::vector<at::Tensor> kept;
  for (size_t i = 0; i < chunks.size(); ++i) {
    const auto& chunk = chunks[i];
    const auto begin = chunk.begin * limits.hop;
    const auto end = std::min(chunk.end * limits.hop, samples);
    const auto moments = encode(audio.narrow(2, begin, end - begin));
    const auto from = chunk.core_begin - chunk.begin;
    const auto to = i + 1 < chunks.size() ? chunk.core_end - chunk.begin : moments.size(2);
    kept.push_back(moments.narrow(2, from, std::max<std::int64_t>(0, to - from)).clone());
    progress.step();
  }
  return at::cat(kept, 2);
}

at::Tensor encode_audio(const models::OobleckEncoder& encoder, const at::Tensor& audio,
                        const EncodeLimits& limits, Progress& progress) {
  return encode_in_chunks(
      [&](const at::Tensor& part) { return models::encode_moments(encoder, part); }, audio, limits,
      progress);
}

at::Tensor encode_track(const models::OobleckEncoder& encoder, const at::Tensor& audio,
                        Progress& progress) {
  const auto limits = default_encode_limits(encoder.config);
  auto moments = encode_in_chunks(
      [&](const at::Tensor& part) {
        // Chunks end at frames, all but the last one of the track.
        const auto missing = (limits.hop - part.size(2) % limits.hop) % limits.hop;
        return models::encode_moments(
            encoder, missing == 0 ? part : at::constant_pad_nd(part, {0, missing}));
      },
      audio.unsqueeze(0), limits, progress);
  require_finite(moments, "VAE encoder");
  return moments;
}

at::Tensor sample_latents(const at::Tensor& moments, std::uint64_t seed) {
  const auto [mean, deviation] = models::posterior(moments);
  const auto noise = diffusion::NoiseGenerator(seed).normal(mean.sizes()).to(mean.device());
  return (mean + deviation * noise).transpose(1, 2).contiguous();
}

void decode_latents(const models::OobleckDecoder& decoder, const at::Tensor& latents,
                    std::int64_t tile_frames, std::int64_t overlap,
                    const std::function<void(const at::Tensor&)>& emit, Progress& progress) {
  const auto tiles = plan_tiles(latents.size(1), tile_frames, overlap);
  const auto hop = decoder.config.hop();
  progress.stage("decode", static_cast<std::int64_t>(tiles.size()));
  for (const auto& tile : tiles) {
    const auto part = latents.narrow(1, tile.begin, tile.length()).transpose(1, 2).contiguous();
    const auto audio = models::decode(decoder, part)[0];
    require_finite(audio, "VAE decoder");
    emit(audio.narrow(1, (tile.core_begin - tile.begin) * hop,
                      (tile.core_end - tile.core_begin) * hop));
    progress.step();
  }
}

at::Tensor decode_window(const models::OobleckDecoder& decoder, const at::Tensor& latents,
                         const Window& window) {
  const auto hop = decoder.config.hop();
  const auto part =
      latents.index_select(1, at::tensor(window.frames, at::kLong).to(latents.device()));
  const auto audio = models::decode(decoder, part.transpose(1, 2).contiguous())[0];
  return audio.narrow(1, window.keep_begin * hop, window.keep_count * hop);
}

}  // namespace headroom::studio
