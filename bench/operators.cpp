// The operators that networks spend their time in, at the shapes of a minute of music.
#include <ATen/ATen.h>

#include "case.h"
#include "flop.h"
#include "studio/random_weights.h"
#include "tensor/ops.h"

namespace headroom::bench {
namespace {

constexpr double kGiga = 1e9;
constexpr std::int64_t kTokens = 750;
constexpr std::int64_t kHidden = 2048;
constexpr std::int64_t kIntermediate = 6144;
constexpr std::int64_t kHeads = 16;
constexpr std::int64_t kKvHeads = 8;
constexpr std::int64_t kHeadDim = 128;
// The last stage of the VAE's decoder, one second of it.
constexpr std::int64_t kChannels = 128;
constexpr std::int64_t kSamples = 48000;

at::Tensor noise(at::IntArrayRef shape) { return studio::RandomWeights(3).get("input", shape); }

double product_gflop() {
  return 2.0 * static_cast<double>(kTokens) * static_cast<double>(kHidden * kIntermediate) / kGiga;
}

Work linear_work(at::ScalarType dtype) {
  const auto x = noise({1, kTokens, kHidden}).to(dtype);
  const auto weight = noise({kIntermediate, kHidden}).to(dtype);
  return {[=] { (void)at::linear(x, weight); }, product_gflop(), weight.nbytes()};
}

// The same product as a convolution with kernel 1, which goes to oneDNN instead of the BLAS.
Work pointwise_work() {
  const auto x = noise({1, kHidden, kTokens});
  const auto weight = noise({kIntermediate, kHidden, 1});
  return {[=] { (void)at::conv1d(x, weight); }, product_gflop(), weight.nbytes()};
}

Work convolution_work(std::int64_t dilation) {
  const auto x = noise({1, kChannels, kSamples});
  const auto weight = noise({kChannels, kChannels, 7});
  const double gflop = 2.0 * 7.0 * static_cast<double>(kChannels * kChannels) *
                       static_cast<double>(kSamples) / kGiga;
  return {[=] { (void)at::conv1d(x, weight, {}, 1, 3 * dilation, dilation); }, gflop,
          weight.nbytes(), 1.0};
}

Work snake_work() {
  const auto x = noise({1, kChannels, kSamples});
  const auto a = noise({kChannels, 1}).exp_();
  const auto b = noise({kChannels, 1}).exp_();
  return {[=] { (void)snake(x, a, b); }, 0.0, 0, 1.0};
}

Work norm_work() {
  const auto x = noise({1, kTokens, kHidden});
  const auto weight = noise({kHidden});
  return {[=] { (void)rms_norm(x, weight, 1e-6); }};
}

Work rope_work() {
  const auto x = noise({1, kTokens, kHeads, kHeadDim});
  const auto table = rope_table(kTokens, kHeadDim, 1e6, x.options());
  return {[=] { (void)rope_half_split(x, table); }};
}

Work silu_work() {
  const auto x = noise({1, kTokens, kIntermediate});
  const auto y = noise({1, kTokens, kIntermediate});
  return {[=] { (void)at::silu(x).mul_(y); }};
}

Work attention_work(std::int64_t window) {
  const auto q = noise({1, kHeads, kTokens, kHeadDim});
  const auto k = noise({1, kKvHeads, kTokens, kHeadDim});
  AttentionMask mask;
  if (window >= 0) mask.window = window;
  const double gflop =
      4.0 * attention_pairs(kTokens, window) * static_cast<double>(kHeads * kHeadDim) / kGiga;
  return {[=] { (void)attention(q, k, k, mask); }, gflop};
}

}  // namespace

std::vector<Case> operator_cases() {
  return {
      {"op/linear/fp32", "750 × 2048 × 6144 through the BLAS",
       [] { return linear_work(at::kFloat); }},
      {"op/linear/conv1x1", "the same as a convolution, through oneDNN",
       [] { return pointwise_work(); }},
      {"op/linear/bf16", "the same in bf16, through oneDNN",
       [] { return linear_work(at::kBFloat16); }},
      {"op/conv7/dilation1", "128 channels, kernel 7, a second of samples",
       [] { return convolution_work(1); }},
      {"op/conv7/dilation9", "the same with dilation 9", [] { return convolution_work(9); }},
      {"op/snake", "128 channels, a second of samples", [] { return snake_work(); }},
      {"op/rms_norm", "750 × 2048", [] { return norm_work(); }},
      {"op/rope", "750 × 16 heads × 128", [] { return rope_work(); }},
      {"op/silu_mul", "750 × 6144", [] { return silu_work(); }},
      {"op/attention/full", "750 × 750, 16 heads over 8", [] { return attention_work(-1); }},
      {"op/attention/window", "the same within ±128", [] { return attention_work(128); }},
  };
}

}  // namespace headroom::bench
