// The commands of headroom-train that measure a model and draw what it does.
#pragma once

#include <filesystem>

#include <CLI/CLI.hpp>

#include "train/eval/measure.h"
#include "train/eval/picture.h"

namespace headroom::train {

/// Not movable: the parsed command line is written into it.
class EvalCommands {
 public:
  explicit EvalCommands(CLI::App& app);
  EvalCommands(const EvalCommands&) = delete;
  EvalCommands& operator=(const EvalCommands&) = delete;

  /// Runs the command that was named and prints its answer; false when it is none of these. Throws
  /// Error.
  bool run() const;

 private:
  CLI::App* add(CLI::App& app, const char* name, const char* what);
  CLI::App* add_measure(CLI::App& app, const char* name, const char* what);

  std::filesystem::path model_;
  std::filesystem::path out_;
  MeasureSettings measure_;
  CoverMeasurement covers_;
  PictureSettings picture_;
  CLI::App *vae_, *separator_, *unseen_, *cover_, *speed_, *draw_;
};

}  // namespace headroom::train
