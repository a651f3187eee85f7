#include "train/synth/effects.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "train/synth/voice.h"

namespace headroom::synth {
namespace {

constexpr size_t kLines = 8;

// Eight delay lines behind a Hadamard matrix, which keeps the energy.
class Room {
 public:
  Room(double seconds, Dice& dice) {
    for (size_t i = 0; i < kLines; ++i) {
      const auto length = static_cast<size_t>((0.021 + 0.0057 * static_cast<double>(i)) *
                                              dice.uniform(0.9, 1.1) * kRate);
      lines_[i].assign(length, 0.0F);
      gains_[i] =
          static_cast<float>(std::pow(10.0, -3.0 * static_cast<double>(length) / kRate / seconds));
    }
    dark_ = static_cast<float>(dice.uniform(0.2, 0.6));
  }
  std::pair<float, float> next(float left, float right) {
    std::array<float, kLines> x{};
    for (size_t i = 0; i < kLines; ++i) {
      const float out = lines_[i][place_[i]];
      smooth_[i] += (1.0F - dark_) * (out - smooth_[i]);
      x[i] = gains_[i] * smooth_[i];
    }
    const float wet_left = x[0] + x[2] + x[4] + x[6];
    const float wet_right = x[1] + x[3] + x[5] + x[7];
    for (size_t width = 1; width < kLines; width *= 2) {
      for (size_t i = 0; i < kLines; i += 2 * width) {
        for (size_t k = i; k < i + width; ++k) {
          const float sum = x[k] + x[k + width];
          x[k + width] = x[k] - x[k + width];
          x[k] = sum;
        }
      }
    }
    for (size_t i = 0; i < kLines; ++i) {
      lines_[i][place_[i]] = 0.35355339F * x[i] + (i % 2 == 0 ? left : right);
      if (++place_[i] == lines_[i].size()) place_[i] = 0;
    }
    return {wet_left, wet_right};
  }

 private:
  std::array<std::vector<float>, kLines> lines_;
  std::array<size_t, kLines> place_{};
  std::array<float, kLines> gains_{}, smooth_{};
  float dark_ = 0.4F;
};

void tilt_channel(std::vector<float>& samples, float low_gain, float high_gain) {
  const auto pole = static_cast<float>(1.0 - std::exp(-2.0 * std::numbers::pi * 1000.0 / kRate));
  float low = 0.0F;
  for (auto& x : samples) {
    low += pole * (x - low);
    x = low_gain * low + high_gain * (x - low);
  }
}

}  // namespace

void add_reverb(Stereo& sound, double amount, double seconds, Dice dice) {
  if (amount <= 0.0) return;
  Room room(seconds, dice);
  const auto loud = static_cast<float>(amount);
  for (size_t i = 0; i < sound.size(); ++i) {
    const auto [left, right] = room.next(sound.left[i], sound.right[i]);
    sound.left[i] += loud * left;
    sound.right[i] += loud * right;
  }
}

void add_echo(Stereo& sound, double amount, double seconds) {
  const auto delay = static_cast<size_t>(seconds * kRate);
  if (amount <= 0.0 || delay == 0) return;
  Stereo echo(sound.size());
  const auto loud = static_cast<float>(amount);
  for (size_t i = delay; i < sound.size(); ++i) {
    echo.left[i] = loud * sound.right[i - delay] + 0.5F * echo.right[i - delay];
    echo.right[i] = loud * sound.left[i - delay] + 0.5F * echo.left[i - delay];
  }
  for (size_t i = 0; i < sound.size(); ++i) {
    sound.left[i] += echo.left[i];
    sound.right[i] += echo.right[i];
  }
}

void tilt(Stereo& sound, double decibel) {
  const auto high = static_cast<float>(std::pow(10.0, decibel / 40.0));
  tilt_channel(sound.left, 1.0F / high, high);
  tilt_channel(sound.right, 1.0F / high, high);
}

std::vector<float> master_gain(const Stereo& mix, double amount) {
  const auto loudness = [&](size_t i) {
    return std::max(std::abs(mix.left[i]), std::abs(mix.right[i]));
  };
  double sum = 0.0;
  for (size_t i = 0; i < mix.size(); ++i) sum += loudness(i) * static_cast<double>(loudness(i));
  const auto rms = static_cast<float>(std::sqrt(sum / static_cast<double>(mix.size()) + 1e-12));
  const auto rise = static_cast<float>(1.0 - std::exp(-1.0 / (0.005 * kRate)));
  const auto fall = static_cast<float>(1.0 - std::exp(-1.0 / (0.12 * kRate)));
  const auto ceiling = static_cast<float>(5.0 - 2.0 * amount) * rms;
  std::vector<float> gain(mix.size(), 1.0F);
  float level = 0.0F;
  float now = 1.0F;
  for (size_t i = 0; i < mix.size(); ++i) {
    const float loud = loudness(i);
    level += (loud > level ? rise : fall) * (loud - level);
    if (i % 16 == 0)
      now = level > rms ? static_cast<float>(std::pow(level / rms, -0.6 * amount)) : 1.0F;
    const float over = now * loud / ceiling;
    gain[i] = over > 0.1F ? now * std::tanh(over) / over : now;
  }
  return gain;
}

}  // namespace headroom::synth
