#include "train/synth/drums.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "train/synth/voice.h"

namespace headroom::synth {
namespace {

constexpr double kTurn = 2.0 * std::numbers::pi;

std::vector<float> silence(double seconds) {
  return std::vector<float>(static_cast<size_t>(seconds * kRate), 0.0F);
}

double seconds_of(size_t sample) { return static_cast<double>(sample) / kRate; }

struct Tone {
  double from, to;  // Hz
  double glide;     // per second
  double decay;     // per second
  double loud;
};

void add_tone(const Tone& tone, std::vector<float>& out) {
  double phase = 0.0;
  for (size_t i = 0; i < out.size(); ++i) {
    const double t = seconds_of(i);
    phase += (tone.to + (tone.from - tone.to) * std::exp(-tone.glide * t)) / kRate;
    const double attack = std::min(1.0, t * 2000.0);
    out[i] += static_cast<float>(tone.loud * attack * std::exp(-tone.decay * t) *
                                 std::sin(kTurn * phase));
  }
}

struct Hiss {
  double low, high;  // Hz, of a one-pole high-pass and low-pass
  double decay;
  double loud;
  double start = 0.0;
};

void add_hiss(const Hiss& hiss, Dice& dice, std::vector<float>& out) {
  const double a = 1.0 - std::exp(-kTurn * hiss.low / kRate);
  const double b = 1.0 - std::exp(-kTurn * hiss.high / kRate);
  double slow = 0.0;
  double smooth = 0.0;
  double slower = 0.0;
  for (auto i = static_cast<size_t>(hiss.start * kRate); i < out.size(); ++i) {
    const double t = seconds_of(i) - hiss.start;
    const double x = dice.uniform(-1.0, 1.0);
    slow += a * (x - slow);
    const double high = x - slow;
    slower += a * (high - slower);
    smooth += b * (high - slower - smooth);
    out[i] += static_cast<float>(hiss.loud * std::exp(-hiss.decay * t) * smooth);
  }
}

// Squares at inharmonic frequencies: the ring of electronic cymbals.
void add_ring(double base, double decay, double loud, std::vector<float>& out) {
  constexpr std::array<double, 6> ratios{2.0, 3.0, 4.16, 5.43, 6.79, 8.21};
  double slow = 0.0;
  for (size_t i = 0; i < out.size(); ++i) {
    const double t = seconds_of(i);
    double sum = 0.0;
    for (const double ratio : ratios) sum += std::sin(kTurn * base * ratio * t) > 0 ? 1.0 : -1.0;
    slow += 0.6 * (sum - slow);
    out[i] += static_cast<float>(loud / 6.0 * std::exp(-decay * t) * (sum - slow));
  }
}

std::vector<float> kick(int kit, Dice& dice) {
  auto out = silence(kit == 2 ? 0.9 : 0.45);
  const double deep = dice.uniform(42.0, 60.0);
  switch (kit) {
    case 0:
      add_tone({180.0, deep + 10.0, 40.0, 12.0, 0.9}, out);
      add_hiss({800.0, 5000.0, 120.0, 0.6}, dice, out);
      break;
    case 2:
      add_tone({150.0, deep, 25.0, dice.uniform(3.0, 6.0), 1.0}, out);
      break;
    default:
      add_tone({dice.uniform(250.0, 500.0), deep, 45.0, 9.0, 1.0}, out);
      add_hiss({2000.0, 9000.0, 300.0, 0.3}, dice, out);
  }
  return out;
}

std::vector<float> snare(int kit, Dice& dice) {
  auto out = silence(0.35);
  const double tone = dice.uniform(160.0, 230.0);
  const double bright = kit == 3 ? 4000.0 : 9000.0;
  add_tone({tone * 1.6, tone, 60.0, 22.0, kit == 2 ? 0.7 : 0.5}, out);
  add_tone({tone * 2.2, tone * 1.6, 60.0, 28.0, 0.25}, out);
  add_hiss({500.0, bright, dice.uniform(14.0, 24.0), 0.9}, dice, out);
  return out;
}

std::vector<float> clap(Dice& dice) {
  auto out = silence(0.3);
  for (int i = 0; i < 3; ++i) add_hiss({900.0, 5000.0, 150.0, 0.8, 0.011 * i}, dice, out);
  add_hiss({900.0, 5000.0, 18.0, 0.8, 0.033}, dice, out);
  return out;
}

std::vector<float> cymbal(Drum drum, int kit, Dice& dice) {
  const double decay = drum == Drum::hat        ? dice.uniform(40.0, 80.0)
                       : drum == Drum::open_hat ? dice.uniform(7.0, 12.0)
                                                : 2.5;
  auto out = silence(std::min(2.0, 5.0 / decay));
  const bool electronic = kit == 1 || kit == 2;
  add_hiss({kit == 3 ? 4000.0 : 7000.0, kit == 3 ? 9000.0 : 16000.0, decay, 0.6}, dice, out);
  if (electronic) add_ring(dice.uniform(700.0, 1100.0), decay, 0.4, out);
  return out;
}

}  // namespace

std::vector<float> drum_sound(Drum drum, int kit, Dice dice) {
  switch (drum) {
    case Drum::kick:
      return kick(kit, dice);
    case Drum::snare:
      return snare(kit, dice);
    case Drum::clap:
      return clap(dice);
    case Drum::tom: {
      auto out = silence(0.4);
      const double tone = dice.uniform(80.0, 180.0);
      add_tone({tone * 1.5, tone, 15.0, 9.0, 0.8}, out);
      return out;
    }
    case Drum::shaker: {
      auto out = silence(0.1);
      add_hiss({5000.0, 12000.0, 50.0, 0.35}, dice, out);
      return out;
    }
    default:
      return cymbal(drum, kit, dice);
  }
}

}  // namespace headroom::synth
