// The separator: one chunk, long audio, and the way from 48 kHz and back.
#include <fmt/format.h>

#include "audio/crossfade.h"
#include "audio/resample.h"
#include "audio/stft.h"
#include "models/mel_band_roformer.h"
#include "studio/separation.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

models::Roformer network_of(Golden& golden) {
  auto side = golden.config();
  const auto chunk = golden.metadata("chunk_size");
  if (chunk.is_number_integer()) side["chunk_size"] = chunk;
  return models::bind_roformer(
      Weights(golden), models::derive_roformer_config(Weights(golden), side, golden.label()));
}

at::Tensor numbers(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::kLong);
}

// Intermediate results are recorded to 2e-5, those on the scale of a spectrum to 1e-4.
constexpr Rule kSpectrum{.absolute = 1e-4, .by_largest = true};

std::int64_t overlaps_of(const Golden& golden) {
  const auto overlaps = golden.metadata("num_overlap");
  return overlaps.is_number_integer() ? overlaps.get<std::int64_t>() : studio::kSeparationOverlaps;
}

// Adds out.{stem}.{number} for every stem that `run` emits block by block.
void add_stems(const models::Roformer& network, const std::string& number, Results& results,
               const std::function<void(const studio::StemSink&)>& run) {
  std::vector<at::Tensor> blocks;
  run([&](const at::Tensor& block) { blocks.push_back(block); });
  const auto stems = at::cat(blocks, 2);
  const auto names = studio::stem_names(network.config);
  for (size_t s = 0; s < names.size(); ++s) {
    results.add(fmt::format("out.{}.{}", names[s], number), stems[static_cast<std::int64_t>(s)]);
  }
}

}  // namespace

void verify_melband_forward(Golden& golden, Results& results) {
  const auto network = network_of(golden);
  const auto& config = network.config;
  results.add("mid.freq_indices", numbers(network.layout.freq_indices));
  results.add("mid.num_freqs_per_band", numbers(network.layout.num_freqs_per_band));
  results.add("mid.num_bands_per_freq", numbers(network.layout.num_bands_per_freq));
  const auto audio = golden.tensor("in.audio");
  std::vector<at::Tensor> separated;
  std::vector<at::Tensor> spectra;
  for (std::int64_t b = 0; b < audio.size(0); ++b) {
    separated.push_back(models::separate_chunk(network, audio[b]));
    spectra.push_back(stft(audio[b], {.n_fft = config.n_fft, .hop = config.hop}).transpose(1, 2));
  }
  results.add("mid.stft", at::view_as_real(at::cat(spectra).contiguous()), kSpectrum);
  const auto stems = at::stack(separated);  // [B, stems, channels, n]
  results.add("out.audio", config.stems == 1 ? stems.squeeze(1) : stems);
}

void verify_melband_long(Golden& golden, Results& results) {
  const auto network = network_of(golden);
  const auto chunk = network.config.chunk;
  results.add("mid.window", trapezoid_window(chunk, chunk / 10));
  const std::string prefix = "in.audio.";
  for (const auto& name : golden.names(prefix)) {
    add_stems(network, name.substr(prefix.size()), results, [&](const studio::StemSink& sink) {
      studio::separate(network, golden.tensor(name), network.config.sample_rate, sink,
                       no_progress(), overlaps_of(golden));
    });
  }
}

void verify_melband_pipeline(Golden& golden, Results& results) {
  const auto network = network_of(golden);
  const auto stored = golden.metadata("backend_sample_rate");
  const int rate = stored.is_number_integer() ? stored.get<int>() : 48000;
  const std::string prefix = "in.waveform.";
  for (const auto& name : golden.names(prefix)) {
    const auto number = name.substr(prefix.size());
    const auto audio = golden.tensor(name);
    results.add("mid.audio_44k." + number, sinc_resample(audio, rate, network.config.sample_rate));
    add_stems(network, number, results, [&](const studio::StemSink& sink) {
      studio::separate(network, audio, rate, sink, no_progress(), overlaps_of(golden));
    });
  }
}

}  // namespace headroom::verify
