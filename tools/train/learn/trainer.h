// The loop around every training: steps, checkpoints, resumption, log.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <ATen/ATen.h>

#include "base/json.h"
#include "train/learn/optimizer.h"
#include "train/learn/parameters.h"

namespace headroom::train {

/// What is special to one network. All randomness comes from the step's seed, so that a resumed
/// training takes the same steps as one that was never stopped.
class Recipe {
 public:
  virtual ~Recipe() = default;
  virtual std::string name() const = 0;
  /// The configuration in the published layout; a state is only resumed with an equal one.
  virtual nlohmann::json config() const = 0;
  virtual Parameters initial(std::uint64_t seed) const = 0;
  virtual OptimizerSettings optimizer() const { return {}; }
  /// Computes the losses of step `step` and adds their gradients to the leaves. Returns numbers
  /// for the log; "loss" is the one that is minimised.
  virtual std::map<std::string, double> learn(Parameters& parameters, std::int64_t step,
                                              std::uint64_t seed) = 0;
  /// Writes `weights` in the published layout under `folder`.
  virtual void write(Parameters& weights, const std::filesystem::path& folder) const = 0;
  /// The weights that write() left under `folder`, by name. Throws Error(checkpoint).
  virtual std::map<std::string, at::Tensor> read(const std::filesystem::path& folder) const = 0;
};

struct TrainSettings {
  std::filesystem::path out;  // holds state.safetensors, log.jsonl and, after it, model/
  bool resume = false;
  std::filesystem::path from = {};  // a model folder whose weights a new training begins with
  std::int64_t steps = 1'000'000;   // in all, those before a resumption included
  std::uint64_t seed = 1;
  double rate = 1e-3;
  std::int64_t warm_up = 100;       // steps in which the rate rises
  std::int64_t half_life = 0;       // steps after which the rate has halved; 0: never
  double checkpoint_minutes = 4.0;  // 0: after every step
  std::int64_t log_every = 10;      // steps
  bool quiet = false;
};

/// Trains until `steps`, or until stop_requested() becomes true: then the state is written first.
/// Throws Error(usage) when `out` holds a state and `resume` is false, Error(checkpoint) when it is
/// of another network. Returns the last step's numbers.
std::map<std::string, double> run_training(Recipe& recipe, const TrainSettings& settings);

/// Where in the endless list of training songs a step is: seeds from 1 to 100 hear songs of their
/// own.
std::int64_t place_of(std::int64_t step, std::uint64_t seed);

/// The averaged weights of a training's state. Throws Error(checkpoint).
void load_average(const std::filesystem::path& state, Parameters& into);

/// Set by signal handlers: the training ends after the step that it is in.
void request_stop();
bool stop_requested();

}  // namespace headroom::train
