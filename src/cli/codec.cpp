// `headroom encode` and `headroom decode`: the VAE alone.
#include <fmt/format.h>

#include "audio/file.h"
#include "audio/load.h"
#include "base/error.h"
#include "cli/command.h"
#include "studio/tasks.h"
#include "tensor/checkpoint.h"

namespace headroom::cli {
namespace {

constexpr const char* kLatents = "latents";  // [1, T, C] fp32

struct Options {
  std::string input;
  std::string output;
  std::uint64_t seed = 0;
  bool mean = false;
  StudioOption studio;
};

memory::TaskInfo info(const char* name) {
  return {
      .name = name, .owner = "command", .priority = memory::Priority::interactive, .deadline = {}};
}

Outcome run_encode(const Options& options, Progress& progress) {
  const Meter meter;
  const auto studio = options.studio.open(studio::ModelParts::vae);
  const auto& config = studio->networks().configs().vae;
  const PendingFile probe(
      options.output);  // a folder that cannot be written is known before the work
  const auto audio = load_audio(options.input, static_cast<int>(config.sample_rate),
                                {.channels = config.audio_channels}, progress);
  studio::EncodeTask task(studio->networks(), info("encode"), audio, options.seed, progress);
  studio->executor().run(task);
  const auto latents = options.mean
                           ? models::posterior(task.moments()).mean.transpose(1, 2).contiguous()
                           : task.latents();
  save_safetensors(options.output, {{kLatents, latents}},
                   {{"sample_rate", std::to_string(config.sample_rate)},
                    {"hop", std::to_string(config.hop())},
                    {"samples", std::to_string(audio.size(1))}});
  Outcome outcome;
  outcome.data = {{"output", options.output},
                  {"frames", latents.size(1)},
                  {"channels", latents.size(2)},
                  {"samples", audio.size(1)},
                  {"mean", latents.mean().item<double>()},
                  {"deviation", latents.std().item<double>()}};
  outcome.text = fmt::format("{}: {} frames of {} channels, mean {:.3f}, deviation {:.3f}\n",
                             options.output, latents.size(1), latents.size(2),
                             latents.mean().item<double>(), latents.std().item<double>());
  meter.add_to(outcome);
  return outcome;
}

// Here the file is the user's input, not part of a model.
SafetensorsFile open_latents(const std::string& path) {
  try {
    return SafetensorsFile::open(path);
  } catch (const Error& error) {
    throw Error(ErrorKind::input, error.what());
  }
}

at::Tensor read_latents(const SafetensorsFile& file, const models::OobleckConfig& config) {
  const auto* entry = file.find(kLatents);
  if (entry == nullptr) {
    throw Error(ErrorKind::input,
                fmt::format("{}: has no tensor 'latents'; `headroom encode` makes such files",
                            file.path().string()));
  }
  const auto& shape = entry->shape;
  if (entry->dtype != at::kFloat || shape.size() != 3 || shape[0] != 1 || shape[1] < 1 ||
      shape[2] != config.latent_channels) {
    throw Error(ErrorKind::input,
                fmt::format("{}: 'latents' is {}, must be fp32 [1, frames, {}]",
                            file.path().string(), shape_text(shape), config.latent_channels));
  }
  auto latents = file.tensor(kLatents);
  if (!at::isfinite(latents).all().item<bool>()) {
    throw Error(ErrorKind::input,
                fmt::format("{}: 'latents' holds NaN or infinity", file.path().string()));
  }
  constexpr double largest = 1e4;  // real ones stay below 10
  if (latents.abs().max().item<double>() > largest) {
    throw Error(ErrorKind::input, fmt::format("{}: 'latents' holds values beyond {}; these are not "
                                              "the VAE's latents",
                                              file.path().string(), largest));
  }
  return latents;
}

// Samples that the latents stand for, when the file says so; else all that they decode to.
std::int64_t wanted_samples(const SafetensorsFile& file, std::int64_t all) {
  const auto found = file.metadata().find("samples");
  if (found == file.metadata().end() || found->second.size() > 18) return all;
  std::int64_t samples = 0;
  for (const char c : found->second) {
    if (c < '0' || c > '9') return all;
    samples = 10 * samples + (c - '0');
  }
  return samples > 0 ? std::min(samples, all) : all;
}

Outcome run_decode(const Options& options, Progress& progress) {
  const Meter meter;
  const auto studio = options.studio.open(studio::ModelParts::vae);
  const auto& config = studio->networks().configs().vae;
  const auto rate = static_cast<int>(config.sample_rate);
  const auto file = open_latents(options.input);
  const auto latents = read_latents(file, config);
  AudioWriter writer(options.output, rate, static_cast<int>(config.audio_channels));
  const auto samples = wanted_samples(file, latents.size(1) * config.hop());
  auto left = samples;
  studio::DecodeTask task(
      studio->networks(), info("decode"), latents,
      [&](const at::Tensor& block) {
        const auto count = std::min(left, block.size(1));
        left -= count;
        writer.write(block.narrow(1, 0, count).clamp(-1.0, 1.0));
      },
      progress);
  studio->executor().run(task);
  writer.commit();
  const double seconds = static_cast<double>(samples) / rate;
  Outcome outcome;
  outcome.data = {{"output", options.output}, {"seconds_of_audio", seconds}, {"sample_rate", rate}};
  outcome.text = fmt::format("{}: {} at {} Hz\n", options.output, clock_text(seconds), rate);
  meter.add_to(outcome);
  return outcome;
}

}  // namespace

Command add_encode(CLI::App& app) {
  auto* command = app.add_subcommand("encode", "Audio to latents (.safetensors) with the VAE");
  auto options = std::make_shared<Options>();
  command->add_option("IN", options->input, "Audio file")->required();
  command->add_option("-o,--output", options->output, "Latents file (.safetensors)")->required();
  add_seed(*command, options->seed, "Seed of the posterior's sample");
  command->add_flag("--mean", options->mean, "The posterior's mean instead of a sample");
  options->studio.add_to(*command);
  return {command,
          [options](const Common&, Progress& progress) { return run_encode(*options, progress); }};
}

Command add_decode(CLI::App& app) {
  auto* command = app.add_subcommand("decode", "Latents (.safetensors) to audio with the VAE");
  auto options = std::make_shared<Options>();
  command->add_option("IN", options->input, "Latents file made by `headroom encode`")->required();
  command
      ->add_option("-o,--output", options->output, "Audio file: .wav, .flac, .ogg, .opus or .mp3")
      ->required();
  options->studio.add_to(*command);
  return {command,
          [options](const Common&, Progress& progress) { return run_decode(*options, progress); }};
}

}  // namespace headroom::cli
