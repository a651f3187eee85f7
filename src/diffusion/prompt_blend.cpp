#include "diffusion/prompt_blend.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::diffusion {
namespace {

constexpr double kEnd = 0.001;

// At that many tokens, filled up with zeros or cut.
at::Tensor at_tokens(const at::Tensor& x, std::int64_t tokens) {
  const auto more = tokens - x.size(1);
  if (more <= 0) return x.narrow(1, 0, tokens);
  return at::constant_pad_nd(x, x.dim() == 3 ? std::vector<std::int64_t>{0, 0, 0, more}
                                             : std::vector<std::int64_t>{0, more});
}

at::Tensor blend_by(BlendKind kind, const at::Tensor& a, const at::Tensor& b, const Curve& alpha) {
  return kind == BlendKind::slerp ? blend_slerp(a, b, alpha) : blend_linear(a, b, alpha);
}

}  // namespace

at::Tensor blend_linear(const at::Tensor& a, const at::Tensor& b, const Curve& alpha) {
  const auto w = alpha.as(a);
  return (1.0 - w) * a + w * b;
}

at::Tensor blend_slerp(const at::Tensor& a, const at::Tensor& b, const Curve& alpha) {
  constexpr double least = 1e-6;
  const auto w = alpha.as(a).to(at::kFloat);
  const auto wide_a = a.to(at::kFloat);
  const auto wide_b = b.to(at::kFloat);
  const auto norm_a = wide_a.norm(2, {-1}, /*keepdim=*/true);
  const auto norm_b = wide_b.norm(2, {-1}, /*keepdim=*/true);
  const auto cosine = (wide_a / norm_a.clamp_min(least) * (wide_b / norm_b.clamp_min(least)))
                          .sum(-1, /*keepdim=*/true)
                          .clamp(-1.0, 1.0);
  const auto angle = at::acos(cosine);
  const auto sine = angle.sin().clamp_min(least);
  const auto arc = at::sin((1.0 - w) * angle) / sine * wide_a + at::sin(w * angle) / sine * wide_b;
  const auto straight = (1.0 - w) * wide_a + w * wide_b;
  const auto degenerate = angle.lt(least).logical_or(norm_a.lt(least)).logical_or(norm_b.lt(least));
  return at::where(degenerate, straight, arc).to(a.scalar_type());
}

EncodedPrompt blend(const EncodedPrompt& a, const EncodedPrompt& b, double alpha, BlendKind kind) {
  const auto tokens = std::max(a.states.size(1), b.states.size(1));
  return {blend_by(kind, at_tokens(a.states, tokens), at_tokens(b.states, tokens), alpha),
          at::maximum(at_tokens(a.mask, tokens), at_tokens(b.mask, tokens))};
}

EncodedPrompt average(const EncodedPrompt& a, const EncodedPrompt& b, double alpha) {
  return {blend_linear(a.states, at_tokens(b.states, a.states.size(1)), alpha), a.mask};
}

EncodedPrompt zeroed(const EncodedPrompt& prompt) {
  return {at::zeros_like(prompt.states), prompt.mask};
}

std::vector<Condition> combine(std::vector<Condition> a, const Condition& b, const Curve& weight,
                               std::optional<StepRange> range) {
  auto second = b;
  if (weight.defined()) {
    for (auto& condition : a) condition.weight = Curve(1.0 - weight.values());
    second.weight = weight;
  }
  if (range) second.range = range;
  a.push_back(std::move(second));
  return a;
}

at::Tensor weighted_average(std::span<const at::Tensor> parts, std::vector<double> weights) {
  if (parts.empty()) throw Error(ErrorKind::usage, "an average needs something to average");
  if (weights.empty()) weights.assign(parts.size(), 1.0);
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (weights.size() != parts.size() || !(total > 0.0)) {
    throw Error(ErrorKind::usage, fmt::format("{} weights with sum {} for {} parts", weights.size(),
                                              total, parts.size()));
  }
  auto sum = parts[0] * (weights[0] / total);
  for (size_t i = 1; i < parts.size(); ++i) sum = sum + parts[i] * (weights[i] / total);
  return sum;
}

SliderEnd slider_end(double position) {
  if (position >= 1.0 - kEnd) return SliderEnd::b;
  return position <= kEnd ? SliderEnd::a : SliderEnd::between;
}

EncodedPrompt pick(const EncodedPrompt& a, const EncodedPrompt& b, double position,
                   BlendKind kind) {
  switch (slider_end(position)) {
    case SliderEnd::a:
      return a;
    case SliderEnd::b:
      return b;
    case SliderEnd::between:
      break;
  }
  return blend(a, b, position, kind);
}

EncodedPrompt compose(const PromptPair& prompts, double timbre_strength, double prompt_blend,
                      BlendKind kind) {
  const auto at_a = [&] { return pick(prompts.silent_a, prompts.timbre_a, timbre_strength, kind); };
  const auto at_b = [&] { return pick(prompts.silent_b, prompts.timbre_b, timbre_strength, kind); };
  switch (slider_end(prompt_blend)) {
    case SliderEnd::a:
      return at_a();
    case SliderEnd::b:
      return at_b();
    case SliderEnd::between:
      break;
  }
  return blend(at_a(), at_b(), prompt_blend, kind);
}

at::Tensor structure_hint(const at::Tensor& silence, const at::Tensor& context, double strength,
                          BlendKind kind) {
  if (strength >= 1.0) return context;
  return blend_by(kind, silence, context, std::max(strength, 0.0));
}

}  // namespace headroom::diffusion
