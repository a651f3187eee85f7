// What the benchmark program measures, and what it found.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace headroom::bench {

/// Something that is ready to run, with its weights and inputs in memory.
struct Work {
  std::function<void()> run;
  double gflop = 0.0;              // of one run; 0 where counting says nothing
  std::uint64_t weight_bytes = 0;  // resident weights that a run reads
  double audio_seconds = 0.0;      // how much music a run is for; 0 where that means nothing
  double share = 1.0;              // part of the network that a run computes, by its arithmetic
};

/// One row of the table. `prepare` makes weights and inputs; destroying the case and its work gives
/// them back, unless a later case shares them.
struct Case {
  std::string name;  // "dit/2b/60s"
  std::string what;  // one line for --list
  std::function<Work()> prepare;
};

/// Weights that several cases use one after the other: bound by the first, gone with the last.
template <typename Model>
class Shared {
 public:
  explicit Shared(std::function<Model()> bind)
      : state_(std::make_shared<State>(State{std::move(bind), std::nullopt})) {}

  const Model& operator()() const {
    if (!state_->model) state_->model = state_->bind();
    return *state_->model;
  }

 private:
  struct State {
    std::function<Model()> bind;
    std::optional<Model> model;
  };
  std::shared_ptr<State> state_;
};

/// A model with the bytes that it holds.
template <typename Model>
struct Bound {
  Model model;
  std::uint64_t bytes = 0;
};

/// In the order in which they should run: cases that share weights stand together.
std::vector<Case> network_cases();
std::vector<Case> operator_cases();
std::vector<Case> signal_cases();
std::vector<Case> stream_cases();

struct Result {
  std::string name;
  Work work;                      // without its function
  std::vector<double> seconds;    // of every counted run, ascending
  std::uint64_t peak_growth = 0;  // resident memory above what was there before the first run

  /// Of a run, or of the whole network where only a share of it was run.
  double median_seconds() const;
  double gflop_per_second() const;
  /// Seconds of audio per second; 0 where that means nothing.
  double realtime_factor() const;
};

struct RunSettings {
  int repeats = 3;
  /// A first run longer than this is counted; a shorter one only warms up.
  double longest_warm_up = 10.0;
  /// Work as long as this runs once: it is its own average.
  double longest_repeated = 60.0;
  /// Short work is repeated until it took this long in all.
  double shortest_total = 0.5;
};

/// Prepares, warms up, measures.
Result measure(const Case& subject, const RunSettings& settings);

}  // namespace headroom::bench
