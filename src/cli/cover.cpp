#include "studio/cover.h"

#include <optional>

#include <fmt/format.h>

#include "audio/file.h"
#include "audio/key.h"
#include "audio/load.h"
#include "audio/tempo.h"
#include "base/error.h"
#include "cli/command.h"
#include "cli/text_input.h"

namespace headroom::cli {
namespace {

struct Options {
  std::string input;
  std::string output;
  std::string prompt;
  std::string lyrics = "[Instrumental]";
  std::string language = "en";
  std::optional<std::string> key;  // what is not given is heard from the source
  std::optional<int> bpm;
  int time_signature = 4;
  studio::CoverSettings settings;
  bool no_dcw = false;
  ModelOption model;
};

// Enough of a track to know its tempo and key; analysing all of a long one costs memory and time.
constexpr std::int64_t kListenSeconds = 600;

// Everything that can be wrong with the flags, before any work is done.
void check_flags(Options& options) {
  auto& settings = options.settings;
  settings.dcw = !options.no_dcw;
  auto& prompt = settings.prompt;
  prompt.caption = text_or_file(options.prompt);
  prompt.lyrics = text_or_file(options.lyrics);
  prompt.language = options.language;
  prompt.time_signature = options.time_signature;
  if (options.bpm) prompt.bpm = *options.bpm;
  if (options.key) prompt.key = *options.key;
  studio::check_settings(settings);
}

// What the user did not say about the music is heard from the source.
void listen(studio::Prompt& prompt, const Options& options, const at::Tensor& audio, int rate) {
  if (options.bpm && options.key) return;
  const auto heard = std::min<std::int64_t>(audio.size(1), kListenSeconds * rate);
  const auto mono = to_mono(audio.narrow(1, 0, heard));
  if (!options.bpm) prompt.bpm = std::clamp(reported_bpm(estimate_tempo(mono, rate)), 30, 300);
  if (!options.key) prompt.key = detect_key(mono, rate).name();
}

Outcome run(Options options, Progress& progress) {
  const Meter meter;
  check_flags(options);
  const auto model = options.model.open();
  const auto vae = model.vae_config();
  const auto rate = static_cast<int>(vae.sample_rate);
  AudioWriter writer(options.output, rate, static_cast<int>(vae.audio_channels));
  const auto audio = load_audio(options.input, rate, {.channels = vae.audio_channels}, progress);

  auto& settings = options.settings;
  listen(settings.prompt, options, audio, rate);
  double peak = 0.0;
  studio::make_cover(
      model, audio, settings,
      [&](const at::Tensor& block) {
        if (block.numel() > 0) peak = std::max(peak, block.abs().max().item<double>());
        writer.write(block.clamp(-1.0, 1.0));
      },
      progress);
  writer.commit();

  const double seconds = static_cast<double>(audio.size(1)) / rate;
  Outcome outcome;
  outcome.data = {{"output", options.output},      {"seconds_of_audio", seconds},
                  {"sample_rate", rate},           {"channels", vae.audio_channels},
                  {"bpm", settings.prompt.bpm},    {"key", settings.prompt.key},
                  {"seed", settings.seed},         {"steps", settings.steps},
                  {"strength", settings.strength}, {"peak", peak}};
  outcome.text =
      fmt::format("{}: {} at {} Hz, {} bpm, {}, seed {}\n", options.output, clock_text(seconds),
                  rate, settings.prompt.bpm, settings.prompt.key, settings.seed);
  if (peak > 1.0)
    outcome.text +=
        fmt::format("the network went {:.1f} dB over full scale; clipped\n", 20 * std::log10(peak));
  meter.add_to(outcome);
  return outcome;
}

}  // namespace

Command add_cover(CLI::App& app) {
  auto* command =
      app.add_subcommand("cover", "Re-imagine a track: audio and a prompt become new audio");
  auto options = std::make_shared<Options>();
  command->add_option("IN", options->input, "Audio file: WAV, FLAC, OGG, Opus, MP3, AIFF; any rate")
      ->required();
  command
      ->add_option("-o,--output", options->output,
                   "Where the cover goes: .wav, .flac, .ogg, .opus or .mp3")
      ->required();
  command
      ->add_option("-p,--prompt", options->prompt,
                   "What it should sound like; @FILE reads it from a file")
      ->required();
  options->model.add_to(*command);
  auto& settings = options->settings;
  command
      ->add_option("--strength", settings.strength,
                   "How far from the source: 0 keeps it, 1 starts from noise")
      ->capture_default_str();
  add_seed(*command, settings.seed, "Equal seeds give equal covers");
  command->add_option("--steps", settings.steps, "Denoising steps; turbo models want 8")
      ->capture_default_str();
  command->add_option("--shift", settings.shift, "Bends the timesteps towards noise")
      ->capture_default_str();
  command
      ->add_option("--guidance", settings.guidance,
                   "Over 1: guidance for base and sft models (7 is usual)")
      ->capture_default_str();
  command->add_option("--lyrics", options->lyrics, "Words to sing; @FILE reads them from a file")
      ->capture_default_str();
  command->add_option("--language", options->language, "Language of the lyrics")
      ->capture_default_str();
  command->add_option("--bpm", options->bpm,
                      "Tempo, 30 to 300; default: heard from the source's first 10 minutes");
  command->add_option(
      "--key", options->key,
      "Key such as \"F# minor\"; default: heard from the source's first 10 minutes");
  command->add_option("--time-signature", options->time_signature, "Beats per bar: 2, 3, 4 or 6")
      ->capture_default_str();
  command->add_flag("--no-dcw", options->no_dcw, "Without the wavelet correction after each step");
  return {command,
          [options](const Common&, Progress& progress) { return run(*options, progress); }};
}

}  // namespace headroom::cli
