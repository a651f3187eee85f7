// Arithmetic on encoded prompts and latents: crossfades, averages, combinations.
// Source: specification of the streaming engine, section 16.
#pragma once

#include <span>
#include <vector>

#include <ATen/ATen.h>

#include "diffusion/curve.h"
#include "diffusion/request.h"

namespace headroom::diffusion {

/// A prompt after the condition encoder: states [1, L, width], mask [1, L].
struct EncodedPrompt {
  at::Tensor states;
  at::Tensor mask;
};

/// Slerp is what is played; linear is what the reference had before (R1).
enum class BlendKind {
  linear,
  slerp,  // along the arc between two tokens, keeping the energy that a linear blend loses
};

/// (1 − α)·a + α·b, α a number or a curve over the second dimension.
at::Tensor blend_linear(const at::Tensor& a, const at::Tensor& b, const Curve& alpha);

/// Spherical: per vector of the last dimension, sin((1 − α)θ)/sin θ·a + sin(αθ)/sin θ·b with θ the
/// angle between them; linear where they are parallel or one of them is zero.
at::Tensor blend_slerp(const at::Tensor& a, const at::Tensor& b, const Curve& alpha);

/// A crossfade: both are filled up with zero tokens to the longer one; a token of either counts.
EncodedPrompt blend(const EncodedPrompt& a, const EncodedPrompt& b, double alpha,
                    BlendKind kind = BlendKind::slerp);

/// The same at a's length: b is cut or filled up, and a's mask stays.
EncodedPrompt average(const EncodedPrompt& a, const EncodedPrompt& b, double alpha);

/// Zeros with the same mask.
EncodedPrompt zeroed(const EncodedPrompt& prompt);

/// Both prompts as separate conditions. With a weight per frame for b (absent: none) every one of a
/// gets 1 − weight; b gets the weight and the range, a keeps its own ranges.
std::vector<Condition> combine(std::vector<Condition> a, const Condition& b, const Curve& weight,
                               std::optional<StepRange> range);

/// Σ wᵢ·xᵢ with the weights normalised to sum 1; none given: equal.
at::Tensor weighted_average(std::span<const at::Tensor> parts, std::vector<double> weights = {});

/// Which of two ends a slider stands at: within 0.001 of one it is that end itself.
enum class SliderEnd { a, between, b };
SliderEnd slider_end(double position);

/// a, b, or their blend, by the slider.
EncodedPrompt pick(const EncodedPrompt& a, const EncodedPrompt& b, double position,
                   BlendKind kind = BlendKind::slerp);

/// Two prompts, each encoded with silence as timbre and with the timbre reference.
struct PromptPair {
  EncodedPrompt silent_a;
  EncodedPrompt timbre_a;
  EncodedPrompt silent_b;
  EncodedPrompt timbre_b;
};

/// What is sung: timbre strength blends within each prompt, then prompt_blend between them.
EncodedPrompt compose(const PromptPair& prompts, double timbre_strength, double prompt_blend,
                      BlendKind kind = BlendKind::slerp);

/// Structure: the source's semantic context as it is at full strength, else blended from silence.
at::Tensor structure_hint(const at::Tensor& silence, const at::Tensor& context, double strength,
                          BlendKind kind = BlendKind::slerp);

}  // namespace headroom::diffusion
