// Oobleck: single runs, chunked runs and playback windows.
#include <fmt/format.h>

#include "models/oobleck.h"
#include "studio/vae_codec.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

models::OobleckConfig config_of(const Golden& golden) {
  return models::parse_oobleck_config(golden.config(), golden.label());
}

// `run` of every row on its own, as the codec works on one piece of audio at a time.
at::Tensor each_row(const at::Tensor& batch,
                    const std::function<at::Tensor(const at::Tensor&)>& run) {
  std::vector<at::Tensor> rows;
  for (std::int64_t b = 0; b < batch.size(0); ++b) rows.push_back(run(batch.narrow(0, b, 1)));
  return at::cat(rows);
}

void encode_tiled(const Golden& golden, const models::OobleckEncoder& encoder, Results& results) {
  const auto hop = encoder.config.hop();
  const studio::EncodeLimits limits{
      .most_samples = field<std::int64_t>(golden.notes(), "tiled_chunk_samples", golden.label()),
      .hop = hop,
      .margin = field<std::int64_t>(golden.notes(), "tiled_overlap_samples", golden.label()) / hop};
  const auto moments = each_row(golden.tensor("in.audio_long"), [&](const at::Tensor& audio) {
    return studio::encode_audio(encoder, audio, limits);
  });
  results.add("out.tiled_mean", models::posterior(moments).mean);
}

void decode_tiled(const Golden& golden, const models::OobleckDecoder& decoder, Results& results) {
  const auto chunk = field<std::int64_t>(golden.notes(), "tiled_chunk_frames", golden.label());
  const auto overlap = field<std::int64_t>(golden.notes(), "tiled_overlap_frames", golden.label());
  results.add("out.tiled_audio",
              each_row(golden.tensor("in.latents_long"), [&](const at::Tensor& latents) {
                std::vector<at::Tensor> blocks;
                studio::decode_latents(decoder, latents.transpose(1, 2), chunk, overlap,
                                       [&](const at::Tensor& block) { blocks.push_back(block); });
                return at::cat(blocks, 1).unsqueeze(0);
              }));
}

void decode_windows(const Golden& golden, const models::OobleckDecoder& decoder, Results& results) {
  const auto latents = golden.tensor("in.latents_window_btd");
  const auto windows = field<nlohmann::json>(golden.notes(), "windows", golden.label());
  const auto seconds = field<double>(windows, "window_seconds", golden.label());
  const auto rate = field<double>(windows, "frames_per_second", golden.label());
  const auto span = windows.value("decode_span_frames", studio::kWindowFrames);
  const auto cases = field<nlohmann::json>(windows, "cases", golden.label());
  for (size_t i = 0; i < cases.size(); ++i) {
    const auto window =
        studio::plan_window(latents.size(1), field<double>(cases[i], "t_start_s", golden.label()),
                            cases[i].value("window_seconds", seconds),
                            field<bool>(cases[i], "cyclic", golden.label()), rate, span);
    const auto name = fmt::format("out.window{}", i);
    results.add(name, each_row(latents, [&](const at::Tensor& row) {
                  return studio::decode_window(decoder, row, window).unsqueeze(0);
                }));
    if (!cases[i].contains("start_sample")) continue;
    const auto start = field<std::int64_t>(cases[i], "start_sample", golden.label());
    const auto found = window.at * decoder.config.hop();
    results.fact(name + ".start_sample", start == found,
                 fmt::format("starts at sample {}, expected {}", found, start));
  }
}

}  // namespace

void verify_oobleck_encode(Golden& golden, Results& results) {
  const auto encoder = models::bind_oobleck_encoder(Weights(golden), config_of(golden));
  results.add("mid.conv1_fused_weight", encoder.conv1.weight);
  if (golden.has("in.audio")) {
    const auto moments = models::encode_moments(encoder, golden.tensor("in.audio"));
    const auto [mean, deviation] = models::posterior(moments);
    results.add("mid.moments", moments);
    results.add("out.mean", mean);
    results.add("out.std", deviation);
    if (golden.has("in.eps")) {
      const auto sample = mean + deviation * golden.tensor("in.eps");
      results.add("out.sample", sample);
      results.add("out.latents_btd", sample.transpose(1, 2));
    }
  }
  if (golden.has("in.audio_ragged")) {
    const auto moments = models::encode_moments(encoder, golden.tensor("in.audio_ragged"));
    results.add("out.mean_ragged", models::posterior(moments).mean);
  }
  if (golden.has("in.audio_long")) encode_tiled(golden, encoder, results);
}

void verify_oobleck_decode(Golden& golden, Results& results) {
  const auto decoder = models::bind_oobleck_decoder(Weights(golden), config_of(golden));
  results.add("mid.conv1_fused_weight", decoder.conv1.weight);
  for (size_t i = 0; i < decoder.blocks.size(); ++i) {
    results.add(fmt::format("mid.block{}_conv_t1_fused_weight", i),
                decoder.blocks[i].resample.weight);
  }
  if (golden.has("in.latents"))
    results.add("out.audio", models::decode(decoder, golden.tensor("in.latents")));
  if (golden.has("in.latents_long")) decode_tiled(golden, decoder, results);
  if (golden.has("in.latents_window_btd")) decode_windows(golden, decoder, results);
}

}  // namespace headroom::verify
