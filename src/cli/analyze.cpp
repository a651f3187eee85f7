#include <cmath>

#include <fmt/format.h>

#include "audio/file.h"
#include "audio/key.h"
#include "audio/load.h"
#include "audio/tempo.h"
#include "cli/command.h"

namespace headroom::cli {
namespace {

// The rate at which the reference analyses, whatever the file has.
constexpr int kRate = 48000;

struct Options {
  std::string input;
  std::string profile = "temperley";
  bool beats = false;
};

double decibels(double amplitude) {
  return amplitude > 0.0 ? 20.0 * std::log10(amplitude) : -144.0;
}

Outcome run(const Options& options, Progress& progress) {
  const Meter meter;
  KeySettings key_settings;
  key_settings.profile = parse_key_profile(options.profile);
  const auto format = AudioReader(options.input).format();
  const auto mono = load_audio(options.input, kRate, {.channels = 1}, progress)[0];
  const double seconds = static_cast<double>(mono.size(0)) / kRate;
  const double peak = mono.abs().max().item<double>();
  const double rms = std::sqrt(mono.square().mean(at::kDouble).item<double>());
  progress.stage("listen", 2);
  const auto track = track_beats(mono, kRate);
  progress.step();
  const double tuning = estimate_tuning(mono, kRate);
  key_settings.tuning = tuning;
  const auto key = detect_key(mono, kRate, key_settings);
  progress.step();

  Outcome outcome;
  outcome.data = {{"file", options.input},
                  {"format", format.name},
                  {"sample_rate", format.rate},
                  {"channels", format.channels},
                  {"seconds_of_audio", seconds},
                  {"bpm", reported_bpm(track.bpm, 0)},
                  {"bpm_exact", track.bpm},
                  {"key", key.name()},
                  {"key_confidence", key.confidence},
                  {"tuning_cents", 100.0 * tuning},
                  {"peak_dbfs", decibels(peak)},
                  {"rms_dbfs", decibels(rms)}};
  if (options.beats) outcome.data["beats"] = track.beat_times(kRate);
  outcome.text = fmt::format("{}\n  {} at {} Hz, {} channels, {}\n", options.input,
                             clock_text(seconds), format.rate, format.channels, format.name);
  outcome.text += track.bpm > 0
                      ? fmt::format("  tempo   {} bpm ({:.2f}), {} beats\n",
                                    reported_bpm(track.bpm), track.bpm, track.beats.size())
                      : std::string("  tempo   none found\n");
  outcome.text += fmt::format("  key     {} (lead {:.3f}), tuning {:+.0f} cents\n", key.name(),
                              key.confidence, 100.0 * tuning);
  outcome.text +=
      fmt::format("  level   peak {:.1f} dBFS, rms {:.1f} dBFS\n", decibels(peak), decibels(rms));
  if (options.beats) {
    for (const double beat : track.beat_times(kRate))
      outcome.text += fmt::format("  beat    {:.3f}\n", beat);
  }
  meter.add_to(outcome);
  return outcome;
}

}  // namespace

Command add_analyze(CLI::App& app) {
  auto* command = app.add_subcommand("analyze", "Tempo, key, tuning and level of a track");
  auto options = std::make_shared<Options>();
  command->add_option("IN", options->input, "Audio file: WAV, FLAC, OGG, Opus, MP3, AIFF; any rate")
      ->required();
  command
      ->add_option("--profile", options->profile,
                   "Key profiles: temperley, krumhansl, edma or bgate (electronic)")
      ->capture_default_str();
  command->add_flag("--beats", options->beats, "List the time of every beat");
  return {command,
          [options](const Common&, Progress& progress) { return run(*options, progress); }};
}

}  // namespace headroom::cli
