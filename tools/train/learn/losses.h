// How far one piece of audio is from another, for autograd.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

namespace headroom::train {

/// Left, right, their mean and half their difference: [B, 2, n] → [4 · B, n], so that a loss hears
/// the stereo image as well as the channels.
at::Tensor with_mid_side(const at::Tensor& stereo);

/// Spectra of one size compared: L1 of log magnitudes plus L1 of magnitudes relative to the
/// target's mean. Both [C, n].
at::Tensor spectral_loss(const at::Tensor& made, const at::Tensor& wanted, std::int64_t n_fft,
                         std::int64_t hop);

/// L1 of log mel spectra of `bands` bands.
at::Tensor mel_loss(const at::Tensor& made, const at::Tensor& wanted, int rate, std::int64_t n_fft,
                    std::int64_t bands);

/// How much louder each of eight groups of mel bands gets from one frame to the next, compared by
/// L1 in shares of the target's mean: whether strokes come when they should, and as hard.
at::Tensor onset_loss(const at::Tensor& made, const at::Tensor& wanted, int rate,
                      std::int64_t n_fft, std::int64_t bands);

/// Mean of ln(‖made − wanted‖² / (‖wanted‖² + floor) + 1e-3) over the rows of [C, n]: signal to
/// distortion as a loss, in nepers of power.
at::Tensor distortion_loss(const at::Tensor& made, const at::Tensor& wanted);

/// Scale-invariant signal-to-distortion ratio in dB, for each row of [C, n].
at::Tensor si_sdr(const at::Tensor& made, const at::Tensor& wanted);

}  // namespace headroom::train
