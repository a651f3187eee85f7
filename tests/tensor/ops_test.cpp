#include "tensor/ops.h"

#include <cmath>

#include <gtest/gtest.h>

namespace headroom {
namespace {

// Attention as the formula says it: every score at once.
at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const AttentionMask& mask) {
  const auto shared = q.size(1) / k.size(1);
  const auto keys = k.repeat_interleave(shared, 1);
  const auto values = v.repeat_interleave(shared, 1);
  auto scores = at::matmul(q, keys.transpose(2, 3)) / std::sqrt(static_cast<double>(q.size(3)));
  const auto offset = at::arange(k.size(2)).unsqueeze(0) - at::arange(q.size(2)).unsqueeze(1);
  auto hidden = at::zeros_like(offset, at::kBool);
  if (mask.window) hidden = hidden.logical_or(offset.abs().gt(*mask.window));
  if (mask.causal) hidden = hidden.logical_or(offset.gt(0));
  scores.masked_fill_(hidden, -1e30);
  if (mask.keys.defined())
    scores.masked_fill_(mask.keys.logical_not().unsqueeze(1).unsqueeze(1), -1e30);
  return at::matmul(at::softmax(scores, -1), values)
      .transpose(1, 2)
      .reshape({q.size(0), q.size(2), -1});
}

void expect_plain(const AttentionMask& mask, std::int64_t batch, std::int64_t length,
                  const char* what) {
  at::manual_seed(1);
  const auto q = at::randn({batch, 4, length, 8});
  const auto k = at::randn({batch, 2, length, 8});
  const auto v = at::randn({batch, 2, length, 8});
  const auto difference =
      (attention(q, k, v, mask) - plain_attention(q, k, v, mask)).abs().max().item<double>();
  EXPECT_LT(difference, 1e-5) << what << ", length " << length;
}

TEST(Attention, InBlocksIsAttention) {
  for (const std::int64_t length : {1, 7, 255, 256, 257, 600}) {
    expect_plain({}, 2, length, "no mask");
    expect_plain({.window = 5, .causal = false, .keys = {}}, 2, length, "window");
    expect_plain({.window = 128, .causal = false, .keys = {}}, 2, length, "wide window");
    expect_plain({.window = {}, .causal = true, .keys = {}}, 2, length, "causal");
    AttentionMask padded;
    padded.keys = at::arange(length)
                      .unsqueeze(0)
                      .expand({2, length})
                      .lt(std::max<std::int64_t>(1, length - 3));
    expect_plain(padded, 2, length, "padding");
  }
}

TEST(Attention, OfABatchInPartsIsAttention) {
  // 400 · 4 heads · 256 rows · 300 keys are more scores than one part may hold.
  expect_plain({.window = 40, .causal = false, .keys = {}}, 400, 300, "large batch");
}

TEST(Attention, OneMemoryServesAWholeBatch) {
  at::manual_seed(2);
  const auto q = at::randn({3, 4, 20, 8});
  const auto k = at::randn({1, 2, 9, 8});
  const auto v = at::randn({1, 2, 9, 8});
  const auto expected =
      attention(q, k.expand({3, 2, 9, 8}).contiguous(), v.expand({3, 2, 9, 8}).contiguous());
  EXPECT_TRUE(attention(q, k, v).equal(expected));
}

TEST(Attention, ARowWithoutAnyKeyIsUniformAndNotNaN) {
  const auto q = at::randn({1, 1, 3, 4});
  AttentionMask mask;
  mask.keys = at::zeros({1, 3}, at::kBool);
  const auto v = at::randn({1, 1, 3, 4});
  const auto result = attention(q, q, v, mask);
  EXPECT_LT((result[0][0] - v[0][0].mean(0)).abs().max().item<double>(), 1e-6);
}

TEST(RmsNorm, OfZerosIsZero) {
  EXPECT_EQ(rms_norm(at::zeros({2, 8}), at::ones({8}), 1e-6).abs().max().item<double>(), 0.0);
}

TEST(RmsNorm, HasUnitMeanSquare) {
  const auto y = rms_norm(at::randn({5, 64}) * 100.0, at::ones({64}), 1e-6);
  EXPECT_LT((y.square().mean(-1) - 1.0).abs().max().item<double>(), 1e-5);
}

TEST(Rope, KeepsLengthsAndDependsOnDistanceAlone) {
  const auto table = rope_table(50, 16, 1e6, at::kFloat);
  const auto x = at::randn({1, 1, 1, 16}).expand({1, 50, 1, 16}).contiguous();
  const auto y = rope_half_split(x, table);
  EXPECT_LT((y.norm(2, -1) - x.norm(2, -1)).abs().max().item<double>(), 1e-5);
  const auto product = [&](std::int64_t i, std::int64_t j) {
    return (y[0][i][0] * y[0][j][0]).sum().item<double>();
  };
  EXPECT_NEAR(product(3, 10), product(33, 40), 1e-4);
}

TEST(Snake, IsItsFormula) {
  const auto x = at::randn({2, 3, 11});
  const auto alpha = at::randn({3, 1}) * 0.3;
  const auto beta = at::randn({3, 1}) * 0.3;
  const auto expected = x + at::sin(alpha.exp() * x).square() / (beta.exp() + 1e-9);
  EXPECT_LT((snake(x, alpha.exp(), (beta.exp() + 1e-9).reciprocal()) - expected)
                .abs()
                .max()
                .item<double>(),
            1e-6);
}

}  // namespace
}  // namespace headroom
