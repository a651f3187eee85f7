#include "train/synth/voice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace headroom::synth {
namespace {

constexpr double kTurn = 2.0 * std::numbers::pi;
constexpr int kControl = 32;  // samples between two settings of filter and vibrato
constexpr int kMostUnison = 4;

// A sine by table: 4096 places and a straight line between them.
class SineTable {
 public:
  SineTable() {
    for (size_t i = 0; i < values_.size(); ++i)
      values_[i] = static_cast<float>(std::sin(kTurn * static_cast<double>(i) / kPlaces));
  }
  /// `phase` in turns, ≥ 0.
  float operator()(double phase) const {
    const double place = (phase - std::floor(phase)) * kPlaces;
    const auto index = static_cast<size_t>(place);
    const auto rest = static_cast<float>(place - static_cast<double>(index));
    return values_[index] + (values_[index + 1] - values_[index]) * rest;
  }

 private:
  static constexpr double kPlaces = 4096.0;
  std::array<float, 4098> values_{};
};

const SineTable& sine() {
  static const SineTable table;
  return table;
}

// What a step of a naive saw or square lacks to be free of aliases (second order).
double step_residue(double phase, double increment) {
  if (phase < increment) {
    const double t = phase / increment;
    return t + t - t * t - 1.0;
  }
  if (phase > 1.0 - increment) {
    const double t = (phase - 1.0) / increment;
    return t * t + t + t + 1.0;
  }
  return 0.0;
}

double wave_at(Wave wave, double phase, double increment) {
  switch (wave) {
    case Wave::saw:
      return 2.0 * phase - 1.0 - step_residue(phase, increment);
    case Wave::square: {
      double other = phase + 0.5;
      if (other >= 1.0) other -= 1.0;
      return (phase < 0.5 ? 1.0 : -1.0) + step_residue(phase, increment) -
             step_residue(other, increment);
    }
    case Wave::triangle:
      return 4.0 * std::abs(phase - 0.5) - 1.0;
    default:
      return static_cast<double>(sine()(phase));
  }
}

// A two-pole low-pass in the form of a state-variable filter.
class LowPass {
 public:
  void set(double hertz, double resonance) {
    const double g = std::tan(std::numbers::pi * std::clamp(hertz, 20.0, 18000.0) / kRate);
    k_ = 2.0 - 1.9 * resonance;
    a1_ = 1.0 / (1.0 + g * (g + k_));
    a2_ = g * a1_;
    a3_ = g * a2_;
  }
  double operator()(double x) {
    const double v3 = x - two_;
    const double v1 = a1_ * one_ + a2_ * v3;
    const double v2 = two_ + a2_ * one_ + a3_ * v3;
    one_ = 2.0 * v1 - one_;
    two_ = 2.0 * v2 - two_;
    return v2;
  }

 private:
  double k_ = 2.0, a1_ = 0.0, a2_ = 0.0, a3_ = 0.0, one_ = 0.0, two_ = 0.0;
};

class Envelope {
 public:
  Envelope(const Patch& patch, std::int64_t length)
      : attack_(1.0 / std::max(1.0, patch.attack * kRate)),
        fall_(std::exp(-patch.decay / kRate)),
        sustain_(patch.sustain),
        release_(std::exp(-4.6 / std::max(1.0, patch.release * kRate))),
        length_(length) {}
  double next() {
    if (at_ >= length_) {
      level_ *= release_;
    } else if (rising_) {
      level_ += attack_;
      if (level_ >= 1.0) {
        level_ = 1.0;
        rising_ = false;
      }
    } else {
      level_ = sustain_ + (level_ - sustain_) * fall_;
    }
    ++at_;
    return level_;
  }

 private:
  double attack_, fall_, sustain_, release_;
  std::int64_t length_, at_ = 0;
  double level_ = 0.0;
  bool rising_ = true;
};

// Unison oscillators with frequency modulation.
class Oscillators {
 public:
  Oscillators(const Patch& patch, double frequency, Dice& dice)
      : patch_(patch), count_(std::min(patch.unison, kMostUnison)) {
    for (int i = 0; i < count_; ++i) {
      const double place = count_ > 1 ? static_cast<double>(i) / (count_ - 1) - 0.5 : 0.0;
      step_[i] = frequency * std::exp2(place * patch.detune / 1200.0) / kRate;
      phase_[i] = count_ > 1 ? dice.uniform() : 0.0;
    }
    index_ = patch.fm_index;
    fall_ = std::exp(-patch.fm_decay / kRate);
  }
  double next(double bend) {
    double push = 0.0;
    if (patch_.fm_ratio > 0.0) {
      push = index_ * static_cast<double>(sine()(modulator_)) / kTurn + 16.0;
      modulator_ += step_[0] * bend * patch_.fm_ratio;
      if (modulator_ >= 1.0) modulator_ -= std::floor(modulator_);
      index_ *= fall_;
    }
    double sum = 0.0;
    for (int i = 0; i < count_; ++i) {
      sum += patch_.fm_ratio > 0.0 ? static_cast<double>(sine()(phase_[i] + push))
                                   : wave_at(patch_.wave, phase_[i], step_[i] * bend);
      phase_[i] += step_[i] * bend;
      if (phase_[i] >= 1.0) phase_[i] -= 1.0;
    }
    return sum / std::sqrt(static_cast<double>(count_));
  }

 private:
  const Patch& patch_;
  int count_;
  std::array<double, kMostUnison> step_{}, phase_{};
  double modulator_ = 0.0, index_ = 0.0, fall_ = 1.0;
};

// A plucked string: noise going round in a delay line that takes its treble.
class PluckedString {
 public:
  PluckedString(double frequency, double decay, Dice& dice) {
    const double period = kRate / frequency;
    line_.resize(static_cast<size_t>(std::max(2.0, std::floor(period - 0.5))));
    rest_ = std::clamp(period - 0.5 - static_cast<double>(line_.size()), 0.0, 1.0);
    // Lower strings are plucked more softly, or their bang would drown the tone.
    const double soft = std::clamp(1.0 - frequency / 1200.0, 0.3, 0.96);
    double last = 0.0;
    for (auto& value : line_) {
      last = soft * last + (1.0 - soft) * dice.uniform(-1.0, 1.0);
      value = last / std::sqrt((1.0 - soft) / (1.0 + soft));
    }
    loss_ = std::exp(-decay / frequency);
  }
  double next() {
    const size_t after = place_ + 1 < line_.size() ? place_ + 1 : 0;
    const double out = line_[place_];
    const double mean = 0.5 * (out + line_[after]);
    const double tuned = mean + rest_ * (held_ - mean);
    held_ = mean;
    line_[place_] = loss_ * tuned;
    place_ = after;
    return out;
  }

 private:
  std::vector<double> line_;
  size_t place_ = 0;
  double rest_ = 0.0, held_ = 0.0, loss_ = 1.0;
};

// Harmonics as rotating pointers.
class Partials {
 public:
  Partials(const Patch& patch, double frequency) {
    for (size_t i = 0; i < patch.partials.size(); ++i) {
      const auto harmonic = static_cast<double>(i + 1);
      const double stretched =
          frequency * harmonic *
          (1.0 + 0.0002 * harmonic * harmonic * (patch.partial_decay > 0 ? 1 : 0));
      if (patch.partials[i] == 0.0 || stretched > 0.45 * kRate) continue;
      const double fall = std::exp(-patch.partial_decay * harmonic / kRate);
      const double angle = kTurn * stretched / kRate;
      parts_.push_back({0.0, patch.partials[i], fall * std::cos(angle), fall * std::sin(angle)});
    }
  }
  double next() {
    double sum = 0.0;
    for (auto& part : parts_) {
      sum += part.y;
      const double x = part.x * part.cos - part.y * part.sin;
      part.y = part.x * part.sin + part.y * part.cos;
      part.x = x;
    }
    return 0.5 * sum;
  }

 private:
  struct Part {
    double y, x, cos, sin;
  };
  std::vector<Part> parts_;
};

// Sets filter and vibrato every kControl samples and adds what `source` gives.
template <typename Source>
void add_filtered(const Patch& patch, double frequency, double velocity, std::int64_t length,
                  Dice& dice, std::span<float> out, Source&& source) {
  Envelope envelope(patch, length);
  LowPass filter;
  double sweep = patch.cutoff_sweep;
  const double sweep_fall = std::exp(-patch.decay * kControl / kRate);
  const double wobble = dice.uniform(4.5, 6.0) * kControl / kRate;
  double turn = dice.uniform();
  double bend = 1.0;
  for (size_t i = 0; i < out.size(); ++i) {
    if (i % kControl == 0) {
      filter.set(frequency * (patch.cutoff + sweep) * (0.5 + 0.5 * velocity), patch.resonance);
      sweep *= sweep_fall;
      bend = std::exp2(patch.vibrato * static_cast<double>(sine()(turn)) / 1200.0);
      turn += wobble;
    }
    double x = source(bend);
    if (patch.noise > 0.0) x += patch.noise * dice.uniform(-1.0, 1.0);
    out[i] += static_cast<float>(velocity * envelope.next() * filter(x));
  }
}

}  // namespace

void add_note(const Patch& patch, double frequency, double velocity, std::int64_t begin,
              std::int64_t length, Dice dice, std::span<float> out) {
  if (begin < 0 || begin >= static_cast<std::int64_t>(out.size())) return;
  const auto tail = static_cast<std::int64_t>(1.5 * patch.release * kRate);
  const auto count =
      std::min<std::int64_t>(length + tail, static_cast<std::int64_t>(out.size()) - begin);
  const auto place = out.subspan(static_cast<size_t>(begin), static_cast<size_t>(count));
  if (!patch.partials.empty()) {
    Partials partials(patch, frequency);
    add_filtered(patch, frequency, velocity, length, dice, place,
                 [&](double) { return partials.next(); });
  } else if (patch.wave == Wave::string) {
    PluckedString string(frequency, patch.decay, dice);
    add_filtered(patch, frequency, velocity, length, dice, place,
                 [&](double) { return string.next(); });
  } else {
    Oscillators oscillators(patch, frequency, dice);
    add_filtered(patch, frequency, velocity, length, dice, place,
                 [&](double bend) { return oscillators.next(bend); });
  }
}

}  // namespace headroom::synth
