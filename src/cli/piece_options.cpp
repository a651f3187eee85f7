#include "cli/piece_options.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "audio/channels.h"
#include "audio/key.h"
#include "audio/load.h"
#include "audio/tempo.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/text_input.h"
#include "diffusion/lora_catalogue.h"

namespace headroom::cli {
namespace {

// Enough of a track to know its tempo and key; analysing all of a long one costs memory and time.
constexpr std::int64_t kListenSeconds = 600;

struct LoraOption {
  std::string file;
  double strength = 1.0;
};

// "FILE" or "FILE:0.8"; a colon that is not followed by a number belongs to the name.
LoraOption parse_lora(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size()) return {text};
  size_t used = 0;
  double strength = 0.0;
  try {
    strength = std::stod(text.substr(colon + 1), &used);
  } catch (const std::exception&) {
    return {text};
  }
  if (colon + 1 + used != text.size()) return {text};
  if (!(std::abs(strength) <= 10.0))
    throw Error(ErrorKind::usage, fmt::format("--lora {}: a strength lies in -10…10", text));
  return {text.substr(0, colon), strength};
}

void enable_loras(studio::Studio& studio, const std::vector<std::string>& options) {
  diffusion::LoraCatalogue catalogue;
  for (const auto& text : options) {
    const auto option = parse_lora(text);
    const auto refuse = [&](const std::string& reason) {
      throw Error(ErrorKind::input, fmt::format("{}: {}", printable(option.file), reason));
    };
    const auto id = catalogue.add(option.file);
    auto& loras = studio.loras();
    auto lora = catalogue.load(id, loras.shapes());
    if (!lora) refuse(lora.error().reason);
    const auto enabled =
        loras.stack().enable(id, catalogue.place(id), std::move(lora).value(), option.strength);
    if (!enabled) refuse(enabled.error().reason);
  }
}

}  // namespace

void PieceOptions::add_to(CLI::App& app, bool heard) {
  const auto unless = [&](const char* what) {
    return std::string(what) + (heard ? "; default: heard from the source's first 10 minutes" : "");
  };
  app.add_option("-o,--output", output, "Where it goes: .wav, .flac, .ogg, .opus or .mp3")
      ->required();
  app.add_option("-p,--prompt", prompt, "What it should sound like; @FILE reads it from a file")
      ->required();
  studio.add_to(app);
  add_seed(app, settings.seed, "Equal seeds give equal results");
  app.add_option("--steps", settings.steps, "Denoising steps; turbo models want 8")
      ->capture_default_str();
  app.add_option(
      "--shift", shift,
      "Bends the timesteps towards noise; default: the model's, 3 unless its name says otherwise");
  app.add_option("--guidance", settings.guidance,
                 "Over 1: guidance for base and sft models (7 is usual)")
      ->capture_default_str();
  app.add_option("--lyrics", lyrics, "Words to sing; @FILE reads them from a file")
      ->capture_default_str();
  app.add_option("--language", language, "Language of the lyrics")->capture_default_str();
  app.add_option("--bpm", bpm, unless("Tempo, 30 to 300"));
  app.add_option("--key", key, unless("Key such as \"F# minor\""));
  app.add_option("--time-signature", time_signature, "Beats per bar: 2, 3, 4 or 6")
      ->capture_default_str();
  app.add_option("--timbre", timbre, "Audio file whose sound is taken on");
  app.add_option("--lora", loras, "LoRA file, or FILE:STRENGTH; may be given several times")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--no-dcw", no_dcw, "Without the wavelet correction after each step");
}

void PieceOptions::check() {
  settings.dcw = !no_dcw;
  auto& words = settings.prompt;
  words.caption = text_or_file(prompt);
  words.lyrics = text_or_file(lyrics);
  words.language = language;
  words.time_signature = time_signature;
  if (bpm) words.bpm = *bpm;
  if (key) words.key = *key;
  if (shift) settings.shift = *shift;
  for (const auto& lora : loras) (void)parse_lora(lora);
  studio::check_settings(settings);
}

void PieceOptions::listen(const at::Tensor& audio, int rate) {
  if (bpm && key) return;
  const auto heard = std::min<std::int64_t>(audio.size(1), kListenSeconds * rate);
  const auto mono = to_mono(audio.narrow(1, 0, heard));
  auto& words = settings.prompt;
  if (!bpm) words.bpm = std::clamp(reported_bpm(estimate_tempo(mono, rate)), 30, 300);
  if (!key) words.key = detect_key(mono, rate).name();
}

std::unique_ptr<studio::Studio> PieceOptions::open(Progress& progress) {
  auto opened = studio.open(studio::ModelParts::all);
  enable_loras(*opened, loras);
  if (!shift) settings.shift = opened->shift();
  if (!timbre.empty()) {
    const auto& vae = opened->networks().configs().vae;
    settings.timbre = load_audio(timbre, static_cast<int>(vae.sample_rate),
                                 {.channels = vae.audio_channels}, progress);
  }
  return opened;
}

PieceWriter::PieceWriter(const PieceOptions& options, const studio::Studio& studio)
    : writer_(options.output, static_cast<int>(studio.networks().configs().vae.sample_rate),
              static_cast<int>(studio.networks().configs().vae.audio_channels)),
      rate_(static_cast<int>(studio.networks().configs().vae.sample_rate)),
      channels_(studio.networks().configs().vae.audio_channels) {}

void PieceWriter::write(const at::Tensor& block) {
  if (block.numel() > 0) peak_ = std::max(peak_, block.abs().max().item<double>());
  samples_ += block.size(1);
  writer_.write(block.clamp(-1.0, 1.0));
}

Outcome PieceWriter::finish(const PieceOptions& options, const Meter& meter) {
  writer_.commit();
  const auto& settings = options.settings;
  const double seconds = static_cast<double>(samples_) / rate_;
  Outcome outcome;
  outcome.data = {{"output", options.output},      {"seconds_of_audio", seconds},
                  {"sample_rate", rate_},          {"channels", channels_},
                  {"bpm", settings.prompt.bpm},    {"key", settings.prompt.key},
                  {"seed", settings.seed},         {"steps", settings.steps},
                  {"strength", settings.strength}, {"peak", peak_}};
  outcome.text =
      fmt::format("{}: {} at {} Hz, {} bpm, {}, seed {}\n", options.output, clock_text(seconds),
                  rate_, settings.prompt.bpm, settings.prompt.key, settings.seed);
  if (peak_ > 1.0)
    outcome.text += fmt::format("the network went {:.1f} dB over full scale; clipped\n",
                                20 * std::log10(peak_));
  meter.add_to(outcome);
  return outcome;
}

}  // namespace headroom::cli
