#include "train/learn/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "base/error.h"
#include "tensor/safetensors.h"

namespace headroom::train {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using nlohmann::json;

volatile std::sig_atomic_t stop = 0;

fs::path state_file(const TrainSettings& settings) { return settings.out / "state.safetensors"; }

void make_folder(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code)
    throw Error(ErrorKind::output,
                fmt::format("{}: cannot be made: {}", path.string(), code.message()));
}

void save(const Recipe& recipe, const Optimizer& optimizer, const TrainSettings& settings) {
  save_safetensors(state_file(settings), optimizer.state(),
                   {{"step", std::to_string(optimizer.steps())},
                    {"seed", std::to_string(settings.seed)},
                    {"recipe", recipe.name()},
                    {"config", recipe.config().dump()}});
}

std::map<std::string, at::Tensor> tensors_of(const SafetensorsFile& file) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& entry : file.entries()) tensors[entry.name] = file.tensor(entry.name);
  return tensors;
}

void resume(const Recipe& recipe, Optimizer& optimizer, const TrainSettings& settings) {
  const auto file = SafetensorsFile::open(state_file(settings));
  const auto& notes = file.metadata();
  const auto note = [&](const std::string& key) {
    const auto found = notes.find(key);
    return found == notes.end() ? std::string() : found->second;
  };
  if (note("recipe") != recipe.name() || note("config") != recipe.config().dump()) {
    throw Error(ErrorKind::checkpoint,
                fmt::format("{}: is the state of another training ({}); choose another --out",
                            state_file(settings).string(), printable(note("recipe"))));
  }
  optimizer.restore(tensors_of(file), std::stoll(note("step")));
}

void begin_with(const Recipe& recipe, const fs::path& model, Parameters& parameters) {
  const auto weights = recipe.read(model);
  for (const auto& [name, tensor] : parameters.all()) {
    const auto found = weights.find(name);
    if (found == weights.end()) {
      throw Error(
          ErrorKind::checkpoint,
          fmt::format("{}: has no '{}'; is it a model of this recipe?", model.string(), name));
    }
    parameters.set(name, found->second);
  }
}

double rate_at(const TrainSettings& settings, std::int64_t step) {
  const auto at = static_cast<double>(step);
  const double rise = settings.warm_up > 0
                          ? std::min(1.0, (at + 1.0) / static_cast<double>(settings.warm_up))
                          : 1.0;
  const double fall =
      settings.half_life > 0 ? std::exp2(-at / static_cast<double>(settings.half_life)) : 1.0;
  return settings.rate * rise * fall;
}

// Means over the steps between two lines of the log.
class Log {
 public:
  Log(const TrainSettings& settings) : settings_(settings), began_(Clock::now()) {
    if (!settings.out.empty())
      file_.open(settings.out / "log.jsonl", std::ios::app | std::ios::binary);
  }
  void add(std::int64_t step, const std::map<std::string, double>& numbers) {
    for (const auto& [name, value] : numbers) sums_[name] += value;
    if (++count_ < settings_.log_every) return;
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    json line{{"step", step}, {"seconds_per_step", seconds / static_cast<double>(count_)}};
    for (const auto& [name, sum] : sums_) line[name] = sum / static_cast<double>(count_);
    file_ << line.dump() << std::endl;
    if (!settings_.quiet) std::cout << line.dump() << std::endl;
    sums_.clear();
    count_ = 0;
    began_ = Clock::now();
  }

 private:
  const TrainSettings& settings_;
  std::ofstream file_;
  std::map<std::string, double> sums_;
  std::int64_t count_ = 0;
  Clock::time_point began_;
};

}  // namespace

std::int64_t place_of(std::int64_t step, std::uint64_t seed) {
  constexpr std::int64_t kStepsOfASeed = 1'000'000;
  return step + (static_cast<std::int64_t>(seed % 100) - 1) * kStepsOfASeed;
}

void request_stop() { stop = 1; }
bool stop_requested() { return stop != 0; }

std::map<std::string, double> run_training(Recipe& recipe, const TrainSettings& settings) {
  make_folder(settings.out);
  const bool there = fs::exists(state_file(settings));
  if (there && !settings.resume) {
    throw Error(ErrorKind::usage, fmt::format("{}: holds a training already; go on with --resume",
                                              settings.out.string()));
  }
  auto parameters = recipe.initial(settings.seed);
  if (!there && !settings.from.empty()) begin_with(recipe, settings.from, parameters);
  Optimizer optimizer(parameters, recipe.optimizer());
  if (there) resume(recipe, optimizer, settings);
  Log log(settings);
  std::map<std::string, double> numbers;
  auto saved = Clock::now();
  while (optimizer.steps() < settings.steps && !stop_requested()) {
    const auto step = optimizer.steps();
    numbers = recipe.learn(parameters, step, settings.seed);
    numbers["rate"] = rate_at(settings, step);
    numbers["gradient"] = optimizer.step(numbers["rate"]);
    log.add(step, numbers);
    const double minutes = std::chrono::duration<double>(Clock::now() - saved).count() / 60.0;
    if (minutes >= settings.checkpoint_minutes) {
      save(recipe, optimizer, settings);
      saved = Clock::now();
    }
  }
  save(recipe, optimizer, settings);
  recipe.write(optimizer.average(), settings.out / "model");
  return numbers;
}

void load_average(const fs::path& state, Parameters& into) {
  const auto file = SafetensorsFile::open(state);
  for (const auto& [name, tensor] : into.all()) into.set(name, file.tensor("a." + name));
}

}  // namespace headroom::train
