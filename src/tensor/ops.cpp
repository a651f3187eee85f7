#include "tensor/ops.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "tensor/snake_gradient.h"

namespace headroom {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const auto wide = x.to(at::kFloat);
  const auto root = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true).add_(eps));
  return (wide * root).to(x.scalar_type()).mul_(weight);
}

RopeTable rope_table(std::int64_t positions, std::int64_t width, double theta,
                     at::TensorOptions options) {
  const auto wide = options.dtype(at::kFloat);
  const auto frequencies =
      at::pow(theta, at::arange(0, width, 2, wide).div_(static_cast<double>(width))).reciprocal_();
  const auto angles = at::outer(at::arange(positions, wide), frequencies);
  return {angles.cos().to(options), angles.sin().to(options)};
}

at::Tensor rope_half_split(const at::Tensor& x, const RopeTable& table) {
  const auto half = x.size(-1) / 2;
  const auto a = x.narrow(-1, 0, half);
  const auto b = x.narrow(-1, half, half);
  const auto cos = table.cos.unsqueeze(1);  // one table for all heads
  const auto sin = table.sin.unsqueeze(1);
  return at::cat({a * cos - b * sin, b * cos + a * sin}, -1);
}

namespace {

struct Range {
  std::int64_t begin;
  std::int64_t end;
};

// Keys that at least one query of the block can see.
Range visible_keys(Range queries, std::int64_t keys, const AttentionMask& mask) {
  Range range{0, keys};
  if (mask.window) {
    range.begin = std::max<std::int64_t>(0, queries.begin - *mask.window);
    range.end = std::min(keys, queries.end + *mask.window);
  }
  if (mask.causal) range.end = std::min(range.end, queries.end);
  return range;
}

// [s, l] or [B, 1, 1, s, l], true where a score must not count; undefined when all of them do.
at::Tensor hidden_scores(Range queries, Range keys, const AttentionMask& mask, at::Device device) {
  at::Tensor hidden;
  if (mask.window || mask.causal) {
    const auto i = at::arange(queries.begin, queries.end, at::TensorOptions(device)).unsqueeze(1);
    const auto j = at::arange(keys.begin, keys.end, at::TensorOptions(device)).unsqueeze(0);
    const auto offset = j - i;
    if (mask.window) hidden = offset.abs().gt(*mask.window);
    if (mask.causal) hidden = hidden.defined() ? hidden.logical_or(offset.gt(0)) : offset.gt(0);
  }
  if (mask.keys.defined()) {
    const auto padded = mask.keys.narrow(1, keys.begin, keys.end - keys.begin)
                            .logical_not()
                            .view({-1, 1, 1, 1, keys.end - keys.begin});
    hidden = hidden.defined() ? hidden.logical_or(padded) : padded;
  }
  return hidden;
}

}  // namespace

namespace {

// attention() for a part of the batch: q [B, groups, shared, S, d], already scaled, into `out`.
void attend_part(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                 const AttentionMask& mask, const at::Tensor& out) {
  const auto batch = q.size(0);
  const auto groups = q.size(1);
  const auto shared = q.size(2);
  const auto width = q.size(4);
  for (std::int64_t begin = 0; begin < q.size(3); begin += kQueryBlock) {
    const Range queries{begin, std::min(q.size(3), begin + kQueryBlock)};
    const auto rows = queries.end - queries.begin;
    const auto keys = visible_keys(queries, k.size(2), mask);
    const auto count = keys.end - keys.begin;
    const auto block = q.narrow(3, begin, rows).reshape({batch, groups, shared * rows, width});
    auto scores = at::matmul(block, k.narrow(2, keys.begin, count).transpose(2, 3))
                      .view({batch, groups, shared, rows, count});
    const auto hidden = hidden_scores(queries, keys, mask, q.device());
    if (hidden.defined()) {
      // The lowest finite value, not −∞: a fully hidden row becomes uniform instead of NaN.
      const double lowest = q.scalar_type() == at::kFloat
                                ? static_cast<double>(std::numeric_limits<float>::lowest())
                                : -3.3895313892515355e38;  // of bf16
      scores.masked_fill_(hidden, lowest);
    }
    const auto weights = at::softmax(scores, -1, at::kFloat)
                             .to(v.scalar_type())
                             .view({batch, groups, shared * rows, count});
    scores.reset();
    out.narrow(3, begin, rows)
        .copy_(at::matmul(weights, v.narrow(2, keys.begin, count))
                   .view({batch, groups, shared, rows, width}));
  }
}

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionMask& mask) {
  const auto batch = q.size(0);
  const auto heads = q.size(1);
  const auto length = q.size(2);
  const auto width = q.size(3);
  const auto groups = k.size(1);
  const auto scaled = (q * (1.0 / std::sqrt(static_cast<double>(width))))
                          .view({batch, groups, heads / groups, length, width});
  const auto out = at::empty_like(scaled);
  const auto row_scores = heads * std::min(length, kQueryBlock) * k.size(2);
  const auto part =
      std::clamp<std::int64_t>(kMostScores / std::max<std::int64_t>(1, row_scores), 1, batch);
  for (std::int64_t begin = 0; begin < batch; begin += part) {
    const auto count = std::min(part, batch - begin);
    const auto of = [&](const at::Tensor& x) {
      return x.size(0) == 1 ? x : x.narrow(0, begin, count);
    };
    AttentionMask part_mask = mask;
    if (mask.keys.defined()) part_mask.keys = of(mask.keys);
    attend_part(scaled.narrow(0, begin, count), of(k), of(v), part_mask,
                out.narrow(0, begin, count));
  }
  return out.view({batch, heads, length, width})
      .transpose(1, 2)
      .reshape({batch, length, heads * width});
}

at::Tensor snake(const at::Tensor& x, const at::Tensor& a, const at::Tensor& b) {
  const auto wide = x.to(at::kFloat);
  if (at::GradMode::is_enabled() && (x.requires_grad() || a.requires_grad()) && x.is_cpu())
    return snake_with_gradient(wide, a, b).to(x.scalar_type());
  if (x.is_cpu() && x.dim() == 3)
    return snake_in_one_pass(wide.contiguous(), a, b).to(x.scalar_type());
  auto wave = (wide * a).sin_();
  wave.square_().mul_(b).add_(wide);
  return wave.to(x.scalar_type());
}

}  // namespace headroom
