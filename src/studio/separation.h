// Splitting a track of any length into stems with overlapped chunks.
// Source: specification "Mel-Band RoFormer", sections 5 to 7.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/progress.h"
#include "models/mel_band_roformer.h"

namespace headroom::studio {

/// Chunks that cover one sample: half-overlapped, as the published results are made.
inline constexpr std::int64_t kSeparationOverlaps = 2;

/// Names of the stems that separate() emits. A single-target network gives its target and the rest.
std::vector<std::string> stem_names(const models::RoformerConfig& config);

/// Receives [stems, channels, m] blocks in order; together they are as long as the input.
using StemSink = std::function<void(const at::Tensor& block)>;

/// A separation under way: hands out one chunk after the other and puts the results together.
/// Of a single-target network the second stem is the mixture minus the first, sample by sample, so
/// the two sum to the mixture exactly up to one rounding.
class Separation {
 public:
  /// `audio` [c, n] fp32 at `rate` Hz: it is resampled to the network's rate and the stems back,
  /// and they have c channels and n samples. At another rate than the network's, the stems' sum
  /// differs from the audio by what the two resamplings lose.
  Separation(const models::RoformerConfig& config, const at::Tensor& audio, int rate, StemSink sink,
             Progress& progress = no_progress(), std::int64_t overlaps = kSeparationOverlaps);
  ~Separation();

  bool done() const;
  /// The next chunk [channels, config.chunk]; the same again until take().
  at::Tensor chunk() const;
  /// Its stems [stems, channels, config.chunk]; writes what became complete to the sink. Throws
  /// Error(checkpoint) for a result that is not made of numbers, the mixture being finite.
  void take(const at::Tensor& stems);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The whole of it at once. Peak memory: one chunk and its accumulators, beside the audio.
void separate(const models::Roformer& roformer, const at::Tensor& audio, int rate,
              const StemSink& sink, Progress& progress = no_progress(),
              std::int64_t overlaps = kSeparationOverlaps);

}  // namespace headroom::studio
