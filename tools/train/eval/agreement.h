// Whether a cover still is its source's song: tempo, strokes and key of both, as the program hears
// them.
#pragma once

#include <string_view>

#include <ATen/ATen.h>

namespace headroom::train {

/// What the program's own analysis says of a piece.
struct Heard {
  double tempo = 0.0;  // beats per minute; 0 for silence
  int key = 0;         // KeyEstimate::index
};

/// `audio` [channels, n] at `rate` Hz.
Heard listen(const at::Tensor& audio, int rate);

/// `octave`: one of the two is counted twice as fast as the other, within the same tolerance.
enum class TempoMatch { same, octave, other };
inline constexpr double kTempoTolerance = 0.04;
/// Silence agrees with silence alone.
TempoMatch compare_tempos(double one, double other);

/// How alike the strokes of two pieces are: correlation of their onset strengths (audio/tempo.h),
/// from which tempo is heard. Both [channels, n]; 0 where one of them has no strokes.
double onset_correlation(const at::Tensor& one, const at::Tensor& other, int rate);

/// How far the keys are apart: the same; relative (C major, A minor); a fifth (C major, G major or
/// F major); parallel (C major, C minor); anything else.
enum class KeyMatch { same, relative, fifth, parallel, other };
/// Of KeyEstimate::index. Symmetric.
KeyMatch compare_keys(int one, int other);

}  // namespace headroom::train
