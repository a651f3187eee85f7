#include "train/eval/agreement.h"

#include <cmath>

#include "audio/channels.h"
#include "audio/key.h"
#include "audio/tempo.h"

namespace headroom::train {

Heard listen(const at::Tensor& audio, int rate) {
  const auto mono = to_mono(audio).contiguous();
  return {estimate_tempo(mono, rate), detect_key(mono, rate).index};
}

TempoMatch compare_tempos(double one, double other) {
  if (one <= 0.0 || other <= 0.0) return one == other ? TempoMatch::same : TempoMatch::other;
  const auto near = [&](double ratio) {
    return std::abs(one / other / ratio - 1.0) <= kTempoTolerance;
  };
  if (near(1.0)) return TempoMatch::same;
  return near(2.0) || near(0.5) ? TempoMatch::octave : TempoMatch::other;
}

double onset_correlation(const at::Tensor& one, const at::Tensor& other, int rate) {
  const auto deviations = [&](const at::Tensor& audio) {
    const auto onsets = onset_strength(to_mono(audio).contiguous(), rate);
    return onsets - onsets.mean();
  };
  const auto a = deviations(one);
  const auto b = deviations(other);
  const auto lengths = (a.norm() * b.norm()).item<double>();
  return lengths > 0.0 ? (a * b).sum().item<double>() / lengths : 0.0;
}

KeyMatch compare_keys(int one, int other) {
  if (one == other) return KeyMatch::same;
  const bool minor = one >= 12;
  const int up = ((other % 12 - one % 12) + 12) % 12;  // semitones from the one tonic to the other
  if ((other >= 12) == minor) return up == 5 || up == 7 ? KeyMatch::fifth : KeyMatch::other;
  if (up == (minor ? 3 : 9)) return KeyMatch::relative;
  return up == 0 ? KeyMatch::parallel : KeyMatch::other;
}

}  // namespace headroom::train
