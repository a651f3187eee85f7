#include "train/synth/singer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string_view>

#include "train/synth/voice.h"

namespace headroom::synth {
namespace {

constexpr double kTurn = 2.0 * std::numbers::pi;
constexpr size_t kFormants = 5;
constexpr int kControl = 48;  // samples between two settings: a millisecond

struct Vowel {
  std::array<double, kFormants> hertz;
  std::array<double, kFormants> loud;
};
// a, e, i, o, u of a low voice.
constexpr std::array<Vowel, 5> kVowels{{
    {{730, 1090, 2440, 3400, 4500}, {1.0, 0.8, 0.40, 0.25, 0.15}},
    {{500, 1800, 2480, 3400, 4500}, {1.0, 0.6, 0.45, 0.30, 0.15}},
    {{290, 2250, 2950, 3500, 4600}, {1.0, 0.5, 0.45, 0.30, 0.16}},
    {{520, 880, 2400, 3300, 4400}, {1.0, 0.7, 0.20, 0.15, 0.08}},
    {{320, 850, 2250, 3300, 4300}, {1.0, 0.5, 0.14, 0.10, 0.06}},
}};

enum class Onset : std::uint8_t { none, hiss, burst, hum };

// How a syllable is spoken: what it begins with, and its vowel's start and end.
struct Sound {
  Onset onset = Onset::none;
  double hiss_hertz = 5000.0;
  size_t from = 0, to = 0;
};

Sound sound_of(std::string_view text) {
  Sound sound;
  switch (text[0]) {
    case 's':
      sound = {Onset::hiss, text.starts_with("sh") ? 3200.0 : 6500.0};
      break;
    case 'f':
    case 'h':
      sound = {Onset::hiss, 2200.0};
      break;
    case 't':
    case 'k':
    case 'd':
    case 'g':
    case 'b':
      sound = {Onset::burst, 3800.0};
      break;
    case 'm':
    case 'n':
    case 'l':
    case 'r':
      sound = {Onset::hum, 0.0};
      break;
    default:
      break;
  }
  const auto holds = [&](std::string_view part) { return text.find(part) != text.npos; };
  if (holds("ee") || holds("me") || holds("he") || holds("ea") || holds("ti") || holds("mi"))
    sound.from = sound.to = 2;
  else if (holds("oo") || holds("ou") || holds("lu") || holds("wo"))
    sound.from = sound.to = 4;
  else if (holds("ay") || holds("ey"))
    sound.from = 1, sound.to = 2;
  else if (holds("igh") || holds("ky"))
    sound.from = 0, sound.to = 2;
  else if (holds("ow"))
    sound.from = 3, sound.to = 4;
  else if (holds("o"))
    sound.from = 3, sound.to = 3;
  else if (holds("u"))
    sound.from = 0, sound.to = 3;
  return sound;
}

// A resonance of given frequency and width, of gain one at its peak.
class Resonance {
 public:
  void set(double hertz, double width) {
    const double r = std::exp(-std::numbers::pi * width / kRate);
    b1_ = 2.0 * r * std::cos(kTurn * hertz / kRate);
    b2_ = -r * r;
    gain_ = (1.0 - r * r) * 0.5;
  }
  double operator()(double x) {
    const double y = gain_ * (x - two_x_) + b1_ * one_ + b2_ * two_;
    two_x_ = one_x_;
    one_x_ = x;
    two_ = one_;
    one_ = y;
    return y;
  }

 private:
  double b1_ = 0, b2_ = 0, gain_ = 0, one_ = 0, two_ = 0, one_x_ = 0, two_x_ = 0;
};

struct Person {
  double size;     // of the formants' frequencies
  double breath;   // noise in the voice
  double vibrato;  // cents
  double rate;     // of the vibrato, Hz
  double tense;    // brightness of the source, 0 … 1
  bool speaks;
  double low;  // Hz about which a speaker speaks
};

Person choose_person(int sound, Dice& dice) {
  const bool high = sound == 1 || (sound == 2 && dice.chance(0.5));
  return {(high ? 1.17 : 1.0) * dice.uniform(0.94, 1.08),
          dice.uniform(0.01, 0.08),
          sound == 2 ? 0.0 : dice.uniform(10.0, 45.0),
          dice.uniform(4.8, 6.2),
          dice.uniform(0.2, 0.9),
          sound == 2,
          high ? dice.uniform(170.0, 240.0) : dice.uniform(90.0, 130.0)};
}

// The vocal tract and folds, kept from note to note.
class Voice {
 public:
  Voice(const Person& person, Dice dice) : person_(person), dice_(dice) {}

  void sing(const Sound& sound, double frequency, double velocity, std::span<float> out,
            size_t onset) {
    const auto length = out.size();
    for (size_t i = 0; i < length; ++i) {
      if (i % kControl == 0) set(sound, frequency, i, onset, length);
      out[i] += static_cast<float>(velocity * sample(sound, i, onset, length));
    }
  }

 private:
  void set(const Sound& sound, double frequency, size_t i, size_t onset, size_t length) {
    const double t = static_cast<double>(i) / kRate;
    pitch_ += (std::log2(frequency) - pitch_) * (pitch_ == 0.0 ? 1.0 : 0.04);
    drift_ += 0.02 * (dice_.uniform(-1.0, 1.0) - drift_);
    const double ripe = std::clamp((t - 0.15) / 0.3, 0.0, 1.0);
    double cents = 12.0 * drift_ + ripe * person_.vibrato * std::sin(kTurn * person_.rate * t);
    if (person_.speaks) cents += 300.0 * drift_ - 250.0 * t;
    step_ = std::exp2(pitch_ + cents / 1200.0) / kRate;
    const double way =
        std::clamp(static_cast<double>(i) / static_cast<double>(length) * 1.6 - 0.5, 0.0, 1.0);
    const bool hums = sound.onset == Onset::hum && i < onset;
    for (size_t k = 0; k < kFormants; ++k) {
      const auto& a = kVowels[sound.from];
      const auto& b = kVowels[sound.to];
      double hertz = a.hertz[k] + way * (b.hertz[k] - a.hertz[k]);
      double loud = a.loud[k] + way * (b.loud[k] - a.loud[k]);
      if (hums) {
        hertz = k == 0 ? 270.0 : hertz;
        loud *= k == 0 ? 0.7 : 0.12;
      }
      formant_[k] += 0.08 * (hertz * person_.size - formant_[k]);
      loud_[k] += 0.08 * (loud - loud_[k]);
      resonances_[k].set(std::max(100.0, formant_[k]), 60.0 + 0.03 * formant_[k]);
    }
    if (sound.onset == Onset::hiss || sound.onset == Onset::burst)
      noise_.set(sound.hiss_hertz * person_.size, 0.35 * sound.hiss_hertz);
  }

  // Folds that open slowly and shut quickly.
  double source() {
    phase_ += step_;
    if (phase_ >= 1.0) phase_ -= 1.0;
    const double open = 0.45 + 0.3 * (1.0 - person_.tense);
    const double flow =
        phase_ < open ? phase_ / open * phase_ / open * (1.0 - phase_ / open) * 6.75 : 0.0;
    const double push = flow - last_;
    last_ = flow;
    return push * (0.35 / std::max(1e-4, step_ * 9.0)) +
           person_.breath * dice_.uniform(-1.0, 1.0) * (0.3 + flow);
  }

  double sample(const Sound& sound, size_t i, size_t onset, size_t length) {
    const double t = static_cast<double>(i);
    const double head = static_cast<double>(onset);
    const double fade = 0.03 * kRate;
    const double left = static_cast<double>(length) - t;
    const bool noisy = sound.onset == Onset::hiss || sound.onset == Onset::burst;
    const double voiced =
        noisy ? std::clamp((t - 0.8 * head) / fade, 0.0, 1.0) : std::clamp(t / fade, 0.0, 1.0);
    const double target = voiced * std::clamp(left / fade, 0.0, 1.0);
    const double x = source() * target;
    double sum = 0.0;
    for (size_t k = 0; k < kFormants; ++k) sum += loud_[k] * resonances_[k](x);
    if (noisy && t < head) {
      const double shape = sound.onset == Onset::hiss ? std::sin(std::numbers::pi * t / head)
                                                      : std::exp(-5.0 * t / head);
      sum += 0.07 * shape * noise_(dice_.uniform(-1.0, 1.0));
    }
    return sum;
  }

  Person person_;
  Dice dice_;
  std::array<Resonance, kFormants> resonances_;
  Resonance noise_;
  std::array<double, kFormants> formant_{500, 1500, 2500, 3500, 4500}, loud_{};
  double pitch_ = 0, drift_ = 0, step_ = 0.002, phase_ = 0, last_ = 0;
};

}  // namespace

void sing_notes(const std::vector<Note>& notes, const std::vector<std::string>& syllables,
                double beat, int sound, Dice dice, std::span<float> out) {
  const auto person = choose_person(sound, dice);
  Voice voice(person, dice.fork("voice"));
  for (const auto& note : notes) {
    const auto begin = static_cast<size_t>(note.start * beat * kRate);
    if (begin >= out.size()) break;
    const double seconds = note.length * beat * 0.95;
    const auto length = std::min(static_cast<size_t>(seconds * kRate), out.size() - begin);
    const auto& text = syllables[static_cast<size_t>(std::max(0, note.syllable))];
    const auto onset = static_cast<size_t>(std::min(0.3 * seconds, 0.09) * kRate);
    double frequency = 440.0 * std::exp2((note.pitch - 69) / 12.0);
    if (person.speaks) frequency = person.low * std::exp2(dice.uniform(-0.25, 0.35));
    voice.sing(sound_of(text), frequency, note.velocity, out.subspan(begin, length), onset);
  }
}

}  // namespace headroom::synth
