// Simple music made by formula: what the recorded reference results were computed on, so that tests
// and `headroom verify` need no audio files.
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

namespace headroom {

/// A drum pattern, fp32 [samples]. Rows of `events` [n, 3] are (start sample, row of `kit`, gain);
/// `kit` [sounds, length]. In order of the rows gain · sound is added, cut at the end of the clip.
/// Throws Error(input) for a row that is outside of kit or clip.
at::Tensor render_events(const at::Tensor& kit, const at::Tensor& events, std::int64_t samples);

/// A piece for plucked strings, fp32 [samples]. Rows of `notes` [n, 4] are (MIDI note, start,
/// duration, amplitude), times in seconds. A note is its first five harmonics at 1/h, with an
/// attack of 5 ms and a decay of e⁻³ per second; summed in double.
at::Tensor render_notes(const at::Tensor& notes, std::int64_t samples, int rate = 48000);

}  // namespace headroom
