// headroom-train: makes the weights of the built-in model "sketch" from nothing but this program.
#include <csignal>
#include <iostream>
#include <malloc.h>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "tensor/blas.h"
#include "train/eval/commands.h"
#include "train/learn/trainer.h"
#include "train/recipes/clips.h"
#include "train/recipes/demo_track.h"
#include "train/recipes/dit.h"
#include "train/recipes/guests.h"
#include "train/recipes/separator.h"
#include "train/recipes/song_files.h"
#include "train/recipes/vae.h"

namespace headroom::train {
namespace {

struct Options {
  TrainSettings settings;
  int threads = 0;
  std::uint64_t song = kHeldOutSongs;
  double seconds = 20.0;
  std::filesystem::path model;
  std::filesystem::path cache;
  bool freeze_encoder = false;
  std::filesystem::path guests;
  std::int64_t first = 0, songs = 400;
};

void add_training_options(CLI::App& app, Options& options) {
  auto& settings = options.settings;
  app.add_option("--out", settings.out, "Folder of the training's state, log and result")
      ->required();
  app.add_flag("--resume", settings.resume, "Go on from the state in --out, if there is one");
  app.add_option("--from", settings.from,
                 "Model folder whose weights a new training begins with, instead of by chance");
  app.add_option("--steps", settings.steps, "Steps in all")->capture_default_str();
  app.add_option("--seed", settings.seed, "Of weights and examples")->capture_default_str();
  app.add_option("--rate", settings.rate, "Learning rate")->capture_default_str();
  app.add_option("--warm-up", settings.warm_up, "Steps in which the rate rises")
      ->capture_default_str();
  app.add_option("--half-life", settings.half_life, "Steps in which the rate halves; 0: never")
      ->capture_default_str();
  app.add_option("--checkpoint-minutes", settings.checkpoint_minutes,
                 "Minutes between two states on disk")
      ->capture_default_str();
  app.add_option("--log-every", settings.log_every, "Steps a line of the log stands for")
      ->capture_default_str();
  app.add_flag("-q,--quiet", settings.quiet, "No lines on standard output");
}

struct Commands {
  CLI::App *vae, *separator, *dit, *guests, *render, *demo_track;
};

Commands add_commands(CLI::App& app, Options& options) {
  Commands commands{};
  commands.vae = app.add_subcommand("vae", "Train the autoencoder");
  commands.separator = app.add_subcommand("separator", "Train the network that finds the vocals");
  commands.dit = app.add_subcommand("dit", "Train all that makes covers, on top of a trained VAE");
  for (auto* one : {commands.vae, commands.separator, commands.dit})
    add_training_options(*one, options);
  commands.vae->add_flag("--freeze-encoder", options.freeze_encoder,
                         "Train the decoder alone: the latents stay as they are");
  commands.separator->add_option("--guests", options.guests,
                                 "Folder of 'guests': voices and bands of other programs");
  commands.dit->add_option("--model", options.model, "Folder that holds vae/")->required();
  commands.dit->add_option("--cache", options.cache,
                           "Folder for the examples' latents, of one VAE");
  commands.guests = app.add_subcommand(
      "guests", "Record other programs' voices and bands for the separator's training");
  commands.guests->add_option("--out", options.guests, "Folder of the files")->required();
  commands.guests->add_option("--first", options.first, "Number of the first song")
      ->capture_default_str();
  commands.guests->add_option("--songs", options.songs, "Songs of twelve seconds")
      ->capture_default_str();
  commands.render = app.add_subcommand("render", "A song of the synthesizer as files");
  commands.render->add_option("--out", options.settings.out, "Folder of the files")->required();
  commands.render->add_option("--song", options.song, "Its number")->capture_default_str();
  commands.render->add_option("--seconds", options.seconds, "Its length")->capture_default_str();
  commands.demo_track = app.add_subcommand("demo-track", "The track that comes with the program");
  commands.demo_track->add_option("--out", options.settings.out, "The .ogg file")->required();
  return commands;
}

std::unique_ptr<Recipe> recipe_of(const Commands& commands, const Options& options) {
  if (commands.vae->parsed()) {
    return std::make_unique<VaeRecipe>(sketch_vae_config(),
                                       VaeExamples{.freeze_encoder = options.freeze_encoder});
  }
  if (commands.separator->parsed()) {
    return std::make_unique<SeparatorRecipe>(sketch_separator_config(),
                                             SeparatorExamples{.guests = options.guests});
  }
  DitExamples examples;
  examples.covers.cache = options.cache;
  return std::make_unique<DitRecipe>(studio::ModelFolder::open(options.model).load_vae_encoder(),
                                     sketch_dit_config(), examples);
}

void run(const Commands& commands, const Options& options) {
  if (commands.render->parsed()) {
    std::cout << write_song(options.song, options.seconds, options.settings.out).dump(2) << '\n';
  } else if (commands.guests->parsed()) {
    record_guests(options.guests, options.first, options.songs);
  } else if (commands.demo_track->parsed()) {
    std::cout << write_demo_track(options.settings.out).dump(2) << '\n';
  } else {
    // A training ends after its step; everything else may be cut off.
    for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { request_stop(); });
    run_training(*recipe_of(commands, options), options.settings);
  }
}

// A step frees and takes the same large tensors as the one before; given back to the system in
// between, a tenth of the time goes into clearing pages.
void keep_freed_memory() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

int report(const Error& error) {
  std::cerr << "headroom-train: " << to_string(error.kind()) << ": " << error.what() << '\n';
  return exit_code(error.kind());
}

}  // namespace
}  // namespace headroom::train

int main(int argc, char** argv) {
  using namespace headroom;
  using namespace headroom::train;
  restart_with_fitting_settings(argv);
  keep_freed_memory();

  CLI::App app("Trains the networks of the built-in model on music that this program makes.",
               "headroom-train");
  app.require_subcommand(1);
  app.fallthrough();
  Options options;
  app.add_option("--threads", options.threads, "Compute threads; 0 means one per CPU")
      ->capture_default_str();
  const auto commands = add_commands(app, options);
  EvalCommands evaluation(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error)
                                      : report(Error(ErrorKind::usage, error.what()));
  }
  try {
    set_compute_threads(options.threads);
    if (!evaluation.run()) run(commands, options);
  } catch (const Error& error) {
    return report(error);
  } catch (const std::exception& error) {
    return report(Error(ErrorKind::internal, error.what()));
  }
  return 0;
}
