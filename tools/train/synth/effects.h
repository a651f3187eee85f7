// Linear room effects, which may be applied to each stem alone, and gains from the whole.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "train/synth/dice.h"

namespace headroom::synth {

/// Stereo samples, one vector a channel.
struct Stereo {
  std::vector<float> left, right;

  explicit Stereo(size_t samples) : left(samples, 0.0F), right(samples, 0.0F) {}
  size_t size() const { return left.size(); }
};

/// Adds the reverberation of `sound` times `amount` to itself: eight delay lines that feed each
/// other, dying by 60 dB in `seconds`.
void add_reverb(Stereo& sound, double amount, double seconds, Dice dice);

/// Adds echoes every `seconds`, each half as loud, from side to side.
void add_echo(Stereo& sound, double amount, double seconds);

/// Raises what lies above 1 kHz and lowers what lies below by `decibel` (or the other way round).
void tilt(Stereo& sound, double decibel);

/// The gain by which a compressor and a soft limiter behind it would follow `mix`, per sample;
/// `amount`, 0 … 1, is of the compressor. The limiter leaves peaks of three to five times the mean.
std::vector<float> master_gain(const Stereo& mix, double amount);

}  // namespace headroom::synth
