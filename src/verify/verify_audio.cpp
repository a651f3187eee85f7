// Resampling, stem fitting, mel bands, tempo and key.
#include <charconv>

#include <fmt/format.h>

#include "audio/beats.h"
#include "audio/key.h"
#include "audio/key_network.h"
#include "audio/mel.h"
#include "audio/resample.h"
#include "audio/stems.h"
#include "audio/synthesis.h"
#include "audio/tempo.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

// What follows `prefix` in every tensor name that begins with it.
std::vector<std::string> suffixes(const Golden& golden, const std::string& prefix) {
  auto found = golden.names(prefix);
  for (auto& name : found) name = name.substr(prefix.size());
  return found;
}

const nlohmann::json& entry(const nlohmann::json& list, const std::string& number,
                            const std::string& label) {
  size_t index = 0;
  const auto* end = number.data() + number.size();
  const auto parsed = std::from_chars(number.data(), end, index);
  if (parsed.ec != std::errc() || parsed.ptr != end || !list.is_array() || index >= list.size())
    throw Error(ErrorKind::input,
                fmt::format("{}: no case '{}' in its config", label, printable(number)));
  return list[index];
}

nlohmann::json cases_of(const Golden& golden) {
  return field<nlohmann::json>(golden.config(), "cases", golden.label());
}

at::Tensor one(double value) { return at::tensor({value}, at::kDouble); }

at::Tensor numbers(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::kLong);
}

void require(const Golden& golden, const char* key, std::int64_t value) {
  const auto stored = golden.config().value(key, value);
  if (stored != value) {
    throw Error(ErrorKind::input, fmt::format("{}: {} is {}; this build analyses with {}",
                                              golden.label(), key, stored, value));
  }
}

// All taps, zeros included, as the reference stores them: [phases, 1, 2·width + stride].
at::Tensor dense_kernel(int from, int to, std::int64_t taps) {
  const SincKernel kernel(from, to);
  const auto width = (taps - kernel.stride()) / 2;
  auto dense = at::zeros({kernel.phases(), 1, taps});
  auto values = dense.accessor<float, 3>();
  for (std::int64_t p = 0; p < kernel.phases(); ++p) {
    for (std::int64_t k = 0; k < kernel.taps(); ++k) {
      const auto place = kernel.first(p) + k + width;
      if (place >= 0 && place < taps) values[p][0][place] = kernel.phase(p)[k];
    }
  }
  return dense;
}

}  // namespace

void verify_resample(Golden& golden, Results& results) {
  const auto cases = cases_of(golden);
  for (const auto& number : suffixes(golden, "in.x.")) {
    const auto rates = entry(cases, number, golden.label()).get<std::vector<int>>();
    results.add("out.y." + number,
                sinc_resample(golden.tensor("in.x." + number), rates.at(0), rates.at(1)));
  }
  std::map<std::string, std::pair<int, int>> kernels;
  for (const auto& pair : cases) {
    const auto rates = pair.get<std::vector<int>>();
    kernels[fmt::format("mid.kernel.{}k_{}k", rates.at(0) / 1000, rates.at(1) / 1000)] = {rates[0],
                                                                                          rates[1]};
  }
  for (const auto& [name, rates] : kernels) {
    if (golden.has(name))
      results.add(name, dense_kernel(rates.first, rates.second, golden.shape_of(name).back()));
  }
  if (golden.has("in.roundtrip")) {
    const auto rates = cases.at(0).get<std::vector<int>>();
    results.add("out.roundtrip", sinc_resample(sinc_resample(golden.tensor("in.roundtrip"),
                                                             rates.at(0), rates.at(1)),
                                               rates[1], rates[0]));
  }
}

void verify_stem_fit(Golden& golden, Results& results) {
  for (const auto& number : suffixes(golden, "in.target_shape.")) {
    const auto shape = golden.tensor("in.target_shape." + number).to(at::kLong);
    const auto plain = "in.wf." + number;
    const auto stem = golden.tensor(golden.has(plain) ? plain : plain + "_nonfinite");
    results.add("out.wf." + number, fit_stem(stem, shape[0].item<std::int64_t>(),
                                             shape[1].item<std::int64_t>(), NonFinite::saturate));
  }
}

void verify_mel_bands(Golden& golden, Results& results) {
  for (const auto& [name, sizes] : golden.config().items()) {
    if (!sizes.is_object() || !sizes.contains("num_bands")) continue;
    const auto rate = field<int>(sizes, "sample_rate", golden.label());
    const auto n_fft = field<std::int64_t>(sizes, "n_fft", golden.label());
    const auto bands = field<std::int64_t>(sizes, "num_bands", golden.label());
    const auto layout = band_layout(rate, n_fft, bands, sizes.value("stereo", true) ? 2 : 1);
    const auto prefix = "out." + name + ".";
    results.add(prefix + "freq_indices", numbers(layout.freq_indices));
    results.add(prefix + "num_freqs_per_band", numbers(layout.num_freqs_per_band));
    results.add(prefix + "num_bands_per_freq", numbers(layout.num_bands_per_freq));
    results.add(prefix + "dim_inputs", numbers(layout.dim_inputs));
    results.add(prefix + "filterbank", mel_filterbank(rate, n_fft, bands));
    results.add(prefix + "mel_frequencies_hz",
                at::tensor(mel_frequencies(bands + 2, rate / 2.0), at::kDouble));
  }
}

void verify_beat_track(Golden& golden, Results& results) {
  require(golden, "hop_length", kTempoHop);
  require(golden, "n_fft", 2048);
  const auto rate = field<int>(golden.config(), "sr", golden.label());
  const auto cases = cases_of(golden);
  for (const auto& number : suffixes(golden, "in.events.")) {
    const auto& one_case = entry(cases, number, golden.label());
    const auto audio = render_events(golden.tensor("in.kit"), golden.tensor("in.events." + number),
                                     field<std::int64_t>(one_case, "samples", golden.label()));
    const auto track = track_beats(audio, rate);
    results.add("out.bpm." + number, one(track.bpm));
    results.add("out.beats." + number, numbers(track.beats));
    results.add("out.bpm_node." + number, one(coarse_bpm(audio, rate)));
    results.add("mid.onset_env." + number, track.onset_envelope);
    results.add("mid.tempogram_mean." + number, track.tempogram_mean);
    results.add("mid.localscore." + number, track.local_score);
    results.add("mid.cumscore." + number, track.cumulative_score);
    if (one_case.contains("bpm_rounded")) {
      const auto rounded = reported_bpm(track.bpm, 0);
      results.fact("bpm_rounded." + number, one_case["bpm_rounded"] == rounded,
                   fmt::format("is {}", rounded));
    }
  }
}

void verify_key_chroma(Golden& golden, Results& results) {
  require(golden, "n_fft", kChromaFft);
  require(golden, "hop_length", kChromaHop);
  const auto rate = field<int>(golden.config(), "sr", golden.label());
  const auto tuning = golden.config().value("tuning", 0.0);
  const auto cases = cases_of(golden);
  for (const auto& number : suffixes(golden, "in.notes.")) {
    const auto samples =
        field<std::int64_t>(entry(cases, number, golden.label()), "samples", golden.label());
    const auto audio = render_notes(golden.tensor("in.notes." + number), samples, rate);
    // Parts of the audio stand in the file to check the synthesis.
    for (const char* part : {"in.audio_head.", "in.audio_mid."}) {
      if (!golden.has(part + number)) continue;
      const auto length = golden.shape_of(part + number).back();
      const bool head = std::string_view(part) == "in.audio_head.";
      results.add(part + number, audio.narrow(0, head ? 0 : samples / 2, length));
    }
    const auto frames = chroma(audio, rate, tuning);
    const auto mean = frames.mean(1);
    results.add("mid.chroma." + number, frames);
    results.add("out.chroma_mean." + number, mean);
    for (const char* profile : {"krumhansl", "temperley", "edma", "bgate"}) {
      results.add(fmt::format("out.scores_{}.{}", profile, number),
                  key_scores(mean, parse_key_profile(profile)));
    }
    results.add("out.expected_index." + number,
                one(best_key(key_scores(mean, KeyProfile::temperley)).index));
  }
  for (const auto& columns : suffixes(golden, "mid.chroma_filter_cols_0_")) {
    const auto name = "mid.chroma_filter_cols_0_" + columns;
    results.add(name, chroma_filter(rate, tuning).narrow(1, 0, golden.shape_of(name).back()));
  }
}

void verify_key_cnn(Golden& golden, Results& results) {
  require(golden, "sr", kKeyNetworkRate);
  const auto network = KeyNetwork::bind(Weights(golden));
  const auto cases = golden.config().value("cases", nlohmann::json::array());
  for (const auto& number : suffixes(golden, "in.audio.")) {
    const auto features = key_features(golden.tensor("in.audio." + number));
    const auto logits = network.logits(features);
    results.add("mid.features." + number, features);
    results.add("out.logits." + number, logits);
    const auto& one_case = entry(cases, number, golden.label());
    if (one_case.contains("label")) {
      const auto label = key_network_label(logits.argmax().item<int>());
      results.fact("label." + number, one_case["label"] == label, "is " + label);
    }
  }
  const auto filters = key_filterbank();
  const auto used = filters.ne(0.0).to(at::kLong);
  results.add("mid.filterbank_first_bin", used.argmax(0));
  results.add("mid.filterbank_last_bin", filters.size(0) - 1 - used.flip(0).argmax(0));
  const auto low = golden.config().value("fb_lo_bin", std::int64_t{0});
  const auto high = golden.config().value("fb_hi_bin", filters.size(0) - 1);
  if (low >= 0 && low <= high && high < filters.size(0))
    results.add("mid.filterbank_slice", filters.narrow(0, low, high - low + 1));
}

}  // namespace headroom::verify
