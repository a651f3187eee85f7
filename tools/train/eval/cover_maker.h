// Covers of held-out songs, made by the code that the program makes them with.
#pragma once

#include <cstdint>
#include <string>

#include <ATen/ATen.h>

#include "models/oobleck.h"
#include "studio/model_folder.h"
#include "studio/studio.h"
#include "train/eval/agreement.h"
#include "train/synth/arrangement.h"

namespace headroom::train {

/// What a cover is made of.
struct CoverSource {
  at::Tensor audio;  // [2, n] at 48 kHz
  Heard heard;
};

class CoverMaker {
 public:
  /// Opens all of the model. Throws what Studio throws.
  CoverMaker(const studio::ModelFolder& model, std::int64_t steps);

  /// studio::make_cover() with a caption alone: as in `headroom cover`, tempo and key are those
  /// that are heard, nobody gives lyrics, and everything else is at its default.
  at::Tensor cover(const CoverSource& source, const std::string& caption, double strength,
                   std::uint64_t seed);
  /// Audio [2, n] through the VAE and back, by the mean of the posterior.
  at::Tensor round_trip(const at::Tensor& audio) const;

 private:
  studio::Studio studio_;
  models::OobleckEncoder encoder_;
  models::OobleckDecoder decoder_;
  std::int64_t steps_;
};

/// Held-out song `number` as a band plays it that leaves nobody out, and what is heard of it.
CoverSource full_mix(std::uint64_t number, double seconds);
/// The singer of it alone, [2, n].
at::Tensor full_mix_vocals(std::uint64_t number, double seconds);
/// A caption for another band's full mix of the same song: its tags, in the arranger's words.
std::string full_mix_caption(std::uint64_t number);

/// Mean distance of log mel spectra in dB. Both [2, n] at 48 kHz.
double log_mel_db(const at::Tensor& made, const at::Tensor& wanted);

}  // namespace headroom::train
