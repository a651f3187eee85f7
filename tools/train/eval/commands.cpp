#include "train/eval/commands.h"

#include <iostream>

#include "base/json.h"
#include "train/learn/export.h"
#include "train/recipes/clips.h"

namespace headroom::train {

CLI::App* EvalCommands::add(CLI::App& app, const char* name, const char* what) {
  auto* command = app.add_subcommand(name, what);
  command->add_option("--model", model_, "Model folder")->required();
  return command;
}

CLI::App* EvalCommands::add_measure(CLI::App& app, const char* name, const char* what) {
  auto* command = add(app, name, what);
  command->add_option("--songs", measure_.songs, "Held-out songs")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--seconds", measure_.seconds, "Of each song")
      ->check(CLI::Range(1.0, 240.0))
      ->capture_default_str();
  return command;
}

EvalCommands::EvalCommands(CLI::App& app) {
  vae_ = add_measure(app, "measure-vae", "Round trips of held-out songs, and baselines");
  separator_ = add_measure(app, "measure-separator", "Vocals of held-out songs, and a baseline");
  unseen_ = add_measure(app, "measure-unseen",
                        "Vocals among a sound font's instruments, spoken and sung by espeak-ng");
  for (auto* one : {vae_, unseen_}) {
    one->add_option("--scratch", measure_.scratch, "Folder for files in between")
        ->required()
        ->check(CLI::ExistingDirectory);
  }
  cover_ = add(app, "measure-covers", "Covers of held-out songs: distance, prompts, key, tempo");
  cover_->add_option("--songs", covers_.songs, "Held-out songs")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  cover_->add_option("--seconds", covers_.seconds, "Of each song")
      ->check(CLI::Range(1.0, 240.0))
      ->capture_default_str();
  cover_->add_option("--steps", covers_.steps, "Denoising steps")->capture_default_str();
  cover_
      ->add_option("--classifier-songs", covers_.classifier_songs,
                   "Songs that the classifier learns from; every fourth tests it")
      ->check(CLI::Range(4, 10000))
      ->capture_default_str();
  speed_ = add(app, "measure-speed", "Seconds of realtime work's parts");
  picture_.song = kHeldOutSongs;
  draw_ = add(app, "picture", "Spectrograms of a song, its round trip, covers and vocals");
  draw_->add_option("--out", out_, "The SVG file")->required();
  draw_->add_option("--song", picture_.song, "Its number")->capture_default_str();
  draw_->add_option("--seconds", picture_.seconds, "Of the song")
      ->check(CLI::Range(1.0, 60.0))
      ->capture_default_str();
  draw_->add_option("--steps", picture_.steps, "Denoising steps")->capture_default_str();
}

bool EvalCommands::run() const {
  const auto say = [](const nlohmann::json& answer) { std::cout << answer.dump(2) << '\n'; };
  const auto model = [&] { return studio::ModelFolder::open(model_); };
  if (vae_->parsed()) {
    say(measure_vae(model(), measure_));
  } else if (separator_->parsed()) {
    say(measure_separator(model(), measure_));
  } else if (unseen_->parsed()) {
    say(measure_unseen(model(), measure_));
  } else if (cover_->parsed()) {
    say(measure_covers(model(), covers_));
  } else if (speed_->parsed()) {
    say(measure_speed(model()));
  } else if (draw_->parsed()) {
    write_text_file(out_, draw_song(model(), picture_));
  } else {
    return false;
  }
  return true;
}

}  // namespace headroom::train
