#include "train/outside/voices.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>

namespace headroom::train {
namespace {

namespace fs = std::filesystem;

constexpr std::array kSentences{
    "The last train leaves at seven from the eastern platform.",
    "We walked along the river until the lights went out.",
    "Nobody remembers who painted the door blue.",
    "Turn the volume down a little, and listen to the rain.",
    "There are eleven boats in the harbour this morning.",
    "She keeps the letters in a box under the stairs.",
    "If the wind turns, we will have snow before noon.",
    "He counted the bars out loud and came in too early.",
    "Bring two chairs and a lamp, please.",
    "What you hear now has never been played before.",
};
// Sounds that every language's voice can say.
constexpr std::array kConsonants{"m", "t", "k",  "l", "s", "n", "r",
                                 "p", "v", "sh", "f", "d", "b", ""};
constexpr std::array kVowels{"a", "e", "i", "o", "u"};
constexpr std::array kEnds{"n", "s", "t", "m", "k", "l"};

constexpr double kWindow = 0.06;        // seconds in which a pitch is looked for
constexpr double kLowest = 60.0;        // Hz
constexpr double kHighest = 450.0;      // Hz
constexpr double kLoop = 0.08;          // seconds of a vowel that are repeated, at least
constexpr double kRelease = 0.06;       // seconds
constexpr double kVibrato = 5.5;        // Hz
constexpr double kVibratoWide = 0.012;  // of the frequency

size_t samples_of(double seconds, int rate) { return static_cast<size_t>(seconds * rate); }

// Where the loudest window begins; two windows follow it inside of the sound.
size_t loudest(const std::vector<float>& sound, int rate) {
  const auto window = samples_of(kWindow, rate);
  size_t best = 0;
  double most = -1.0;
  for (size_t begin = 0; begin + 3 * window < sound.size(); begin += window / 4) {
    double power = 0.0;
    for (size_t i = begin; i < begin + window; ++i) power += sound[i] * sound[i];
    if (power > most) {
      most = power;
      best = begin;
    }
  }
  return best;
}

// A syllable to be played at any pitch and length.
struct Sample {
  std::vector<float> sound;
  double pitch = 0.0;  // Hz
  double loop_begin = 0.0;
  double loop_end = 0.0;  // whole periods later
};

Sample sample_of(std::vector<float> sound, int rate) {
  float peak = 1e-6F;
  for (const float x : sound) peak = std::max(peak, std::abs(x));
  const auto first =
      std::find_if(sound.begin(), sound.end(), [&](float x) { return std::abs(x) > 0.02F * peak; });
  sound.erase(sound.begin(), first);
  sound.resize(std::max(sound.size(), samples_of(0.5, rate)), 0.0F);
  Sample sample{std::move(sound)};
  sample.pitch = pitch_of(sample.sound, rate);
  sample.loop_begin = static_cast<double>(loudest(sample.sound, rate));
  const double period = rate / sample.pitch;
  sample.loop_end = sample.loop_begin + period * std::ceil(kLoop * rate / period);
  for (float& x : sample.sound) x /= peak;
  return sample;
}

double interpolated(const std::vector<float>& sound, double at) {
  const auto i = static_cast<size_t>(at);
  if (at < 0.0 || i + 1 >= sound.size()) return 0.0;
  const double part = at - static_cast<double>(i);
  return (1.0 - part) * sound[i] + part * sound[i + 1];
}

// Holds the sample for `length` samples from `begin`, at `ratio` times its pitch.
void play_sample(const Sample& sample, double ratio, size_t begin, size_t length, double loud,
                 int rate, std::vector<float>& out) {
  const double loop = sample.loop_end - sample.loop_begin;
  const auto release = samples_of(kRelease, rate);
  double at = 0.0;
  for (size_t i = 0; i < length + release && begin + i < out.size(); ++i) {
    double value = interpolated(sample.sound, at);
    // The second half of the loop fades into what lies before the loop.
    const double into = (at - sample.loop_begin) / loop;
    if (into > 0.5) {
      const double fade = 2.0 * into - 1.0;
      value += fade * (interpolated(sample.sound, at - loop) - value);
    }
    const double fades =
        i < length ? 1.0 : 1.0 - static_cast<double>(i - length) / static_cast<double>(release);
    out[begin + i] += static_cast<float>(loud * fades * value);
    const double seconds = static_cast<double>(i) / rate;
    const double wide = kVibratoWide * std::min(1.0, 3.0 * seconds);
    at += ratio * (1.0 + wide * std::sin(2.0 * std::numbers::pi * kVibrato * seconds));
    if (at >= sample.loop_end) at -= loop;
  }
}

// A voice's syllables at the pitches that it speaks at.
class Choirbook {
 public:
  Choirbook(const Speaker& speaker, double size, int rate, const fs::path& scratch)
      : speaker_(speaker), size_(size), rate_(rate), scratch_(scratch) {
    for (size_t i = 0; i < speaker.sings.size(); ++i) spoken_.push_back(sample("la", i).pitch);
  }

  // Octaves that bring a melody nearest to the voice.
  int octaves_for(const std::vector<synth::Note>& notes) const {
    int best = 0;
    double least = 1e9;
    for (int octave = -3; octave <= 2; ++octave) {
      double far = 0.0;
      for (const auto& note : notes) {
        const double hz = hertz(note.pitch + 12 * octave);
        far += std::abs(std::log(hz / spoken_[nearest(hz)]));
      }
      if (far < least) {
        least = far;
        best = octave;
      }
    }
    return best;
  }

  const Sample& sample_for(const std::string& syllable, double hz) {
    return sample(syllable, nearest(hz));
  }

  static double hertz(int pitch) { return 440.0 * std::exp2((pitch - 69) / 12.0); }

 private:
  size_t nearest(double hz) const {
    const auto far = [&](double spoken) { return std::abs(std::log(hz / spoken)); };
    const auto best = std::min_element(spoken_.begin(), spoken_.end(),
                                       [&](double a, double b) { return far(a) < far(b); });
    return static_cast<size_t>(best - spoken_.begin());
  }

  const Sample& sample(const std::string& syllable, size_t pitch) {
    const auto key = std::pair(syllable, pitch);
    if (const auto found = samples_.find(key); found != samples_.end()) return found->second;
    auto sound = utter(
        speaker_, {.text = syllable, .pitch = speaker_.sings[pitch], .steady = true, .size = size_},
        rate_, scratch_);
    return samples_[key] = sample_of(std::move(sound), rate_);
  }

  const Speaker& speaker_;
  double size_;
  int rate_;
  const fs::path& scratch_;
  std::vector<double> spoken_;  // Hz, of "la" at the pitches that the speaker sings at
  std::map<std::pair<std::string, size_t>, Sample> samples_;
};

at::Tensor tensor_of(const std::vector<float>& sound) {
  auto tensor = at::empty({static_cast<std::int64_t>(sound.size())}, at::kFloat);
  std::copy(sound.begin(), sound.end(), tensor.data_ptr<float>());
  return tensor;
}

}  // namespace

double pitch_of(const std::vector<float>& sound, int rate) {
  const auto begin = loudest(sound, rate);
  const auto window = samples_of(kWindow, rate);
  const auto shortest = static_cast<size_t>(rate / kHighest);
  const auto longest = static_cast<size_t>(rate / kLowest);
  std::vector<double> alike(longest + 1, 0.0);
  for (size_t lag = shortest; lag <= longest; ++lag) {
    double product = 0.0;
    double power = 1e-12;
    for (size_t i = begin; i < begin + window && i + lag < sound.size(); ++i) {
      product += sound[i] * sound[i + lag];
      power += 0.5 * (sound[i] * sound[i] + sound[i + lag] * sound[i + lag]);
    }
    alike[lag] = product / power;
  }
  // Twice the period is as good as the period: the first peak that is nearly the highest.
  const double enough = 0.93 * *std::max_element(alike.begin(), alike.end());
  for (size_t lag = shortest + 1; lag < longest; ++lag) {
    const bool peak = alike[lag] >= alike[lag - 1] && alike[lag] >= alike[lag + 1];
    if (!peak || alike[lag] < enough) continue;
    // A parabola through three points finds the top between two lags.
    const double bend = alike[lag - 1] - 2.0 * alike[lag] + alike[lag + 1];
    const double shift = bend == 0.0 ? 0.0 : 0.5 * (alike[lag - 1] - alike[lag + 1]) / bend;
    return rate / (static_cast<double>(lag) + shift);
  }
  return rate / static_cast<double>(longest);
}

std::string sentence(synth::Dice& dice) { return dice.pick(kSentences); }

std::string nonsense(synth::Dice& dice) {
  std::string text;
  const int words = 4 + dice.below(6);
  for (int word = 0; word < words; ++word) {
    if (word > 0) text += dice.chance(0.15) ? ", " : " ";
    const int syllables = 1 + dice.below(3);
    for (int i = 0; i < syllables; ++i) {
      text += dice.pick(kConsonants);
      text += dice.pick(kVowels);
    }
    if (dice.chance(0.4)) text += dice.pick(kEnds);
  }
  return text + ".";
}

at::Tensor speak(const Speaker& speaker, Words words, double size, synth::Dice dice,
                 std::int64_t samples, int rate, const fs::path& scratch) {
  Utterance what{.text = {},
                 .pitch = speaker.talks_from + dice.below(speaker.talks_to - speaker.talks_from),
                 .words_per_minute = 130 + dice.below(60),
                 .size = size};
  std::vector<float> out;
  while (static_cast<std::int64_t>(out.size()) < samples) {
    what.text = words(dice);
    const auto sound = utter(speaker, what, rate, scratch);
    out.insert(out.end(), sound.begin(), sound.end());
    out.resize(out.size() + samples_of(dice.uniform(0.05, 0.4), rate), 0.0F);
  }
  out.resize(static_cast<size_t>(samples));
  return tensor_of(out);
}

at::Tensor sing(const Speaker& speaker, double size, const synth::Song& song,
                const std::vector<synth::Note>& notes, std::int64_t samples, int rate,
                const fs::path& scratch) {
  Choirbook voice(speaker, size, rate, scratch);
  const int octaves = voice.octaves_for(notes);
  const double beat = song.seconds_per_beat() * rate;
  std::vector<float> out(static_cast<size_t>(samples), 0.0F);
  for (const auto& note : notes) {
    const auto begin = static_cast<size_t>(note.start * beat);
    if (begin >= out.size()) continue;
    const double hz = Choirbook::hertz(note.pitch + 12 * octaves);
    const auto& sample = voice.sample_for(song.syllables[static_cast<size_t>(note.syllable)], hz);
    play_sample(sample, hz / sample.pitch, begin, static_cast<size_t>(note.length * beat),
                note.velocity, rate, out);
  }
  return tensor_of(out);
}

}  // namespace headroom::train
