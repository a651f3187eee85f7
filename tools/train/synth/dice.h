// Random choices from a seed: every song, sound and training example is a function of one number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headroom::synth {

/// A stream of random numbers (splitmix64). Copyable: a copy continues from the same place.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }
  /// In [0, 1).
  double uniform() { return static_cast<double>(next() >> 11U) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// 0 … count − 1.
  int below(int count) { return static_cast<int>(uniform() * count); }
  bool chance(double probability) { return uniform() < probability; }
  template <typename List>
  const auto& pick(const List& list) {
    return list[static_cast<size_t>(below(static_cast<int>(list.size())))];
  }
  /// A stream of its own for a part of the work, so that a change in one part leaves the others as
  /// they are. Does not advance this one.
  Dice fork(std::string_view part) const {
    std::uint64_t hash = 1469598103934665603ULL ^ state_;  // FNV-1a over the name
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    Dice child(hash);
    return Dice(child.next());
  }

 private:
  std::uint64_t state_;
};

}  // namespace headroom::synth
