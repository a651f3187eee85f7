// headroom-train: makes the weights of the built-in model "sketch" from nothing but this program.
#include <csignal>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tensor/blas.h"
#include "train/learn/trainer.h"
#include "train/recipes/clips.h"
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
};

void add_training_options(CLI::App& app, Options& options) {
  auto& settings = options.settings;
  app.add_option("--out", settings.out, "Folder of the training's state, log and result")
      ->required();
  app.add_flag("--resume", settings.resume, "Go on from the state in --out, if there is one");
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
  app.add_option("--threads", options.threads, "Compute threads; 0 means one per CPU")
      ->capture_default_str();
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
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { request_stop(); });

  CLI::App app("Trains the networks of the built-in model on music that this program makes.",
               "headroom-train");
  app.require_subcommand(1);
  app.fallthrough();
  Options options;
  auto* vae = app.add_subcommand("vae", "The autoencoder");
  add_training_options(*vae, options);
  auto* separator = app.add_subcommand("separator", "The network that finds the vocals");
  add_training_options(*separator, options);
  auto* render = app.add_subcommand("render", "A song of the synthesizer as files");
  render->add_option("--out", options.settings.out, "Folder of the files")->required();
  render->add_option("--song", options.song, "Its number")->capture_default_str();
  render->add_option("--seconds", options.seconds, "Its length")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error)
                                      : report(Error(ErrorKind::usage, error.what()));
  }
  try {
    set_compute_threads(options.threads);
    if (render->parsed()) {
      std::cout << write_song(options.song, options.seconds, options.settings.out).dump(2) << '\n';
      return 0;
    }
    std::unique_ptr<Recipe> recipe;
    if (vae->parsed()) recipe = std::make_unique<VaeRecipe>();
    if (separator->parsed()) recipe = std::make_unique<SeparatorRecipe>();
    run_training(*recipe, options.settings);
  } catch (const Error& error) {
    return report(error);
  } catch (const std::exception& error) {
    return report(Error(ErrorKind::internal, error.what()));
  }
  return 0;
}
