// The few operators that networks here share and ATen 1.13 does not have in one piece.
//
// All are pure functions, safe on any thread, for CPU and CUDA, fp32 and bf16. Where the reference
// computes wider than its storage dtype (norms, softmax, angles), so do they.
#pragma once

#include <cstdint>
#include <optional>

#include <ATen/ATen.h>

namespace headroom {

/// w ⊙ (x / √(mean(x²) + eps)) over the last axis; mean and root in fp32, cast back before the
/// weight is multiplied (Qwen3 / ACE-Step order).
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

/// cos and sin of position · θ^(−2k/width) for k < width/2, as [positions, width/2] in `options`
/// dtype; angles in fp32. Positions are 0, 1, 2, …
struct RopeTable {
  at::Tensor cos;
  at::Tensor sin;
};
RopeTable rope_table(std::int64_t positions, std::int64_t width, double theta,
                     at::TensorOptions options);

/// Rotary embedding that pairs element k with k + width/2 (NeoX style). x is [..., S, heads,
/// width].
at::Tensor rope_half_split(const at::Tensor& x, const RopeTable& table);

/// Which keys a query may see.
struct AttentionMask {
  /// |i − j| ≤ window, both sides inclusive; absent: no window.
  std::optional<std::int64_t> window;
  /// j ≤ i.
  bool causal = false;
  /// [B, L], true where the key is real; undefined: all are.
  at::Tensor keys;
};

/// softmax(q·kᵀ/√d)·v with grouped heads: q [B, heads, S, d], k and v [B, kv_heads, L, d] where
/// kv_heads divides heads and head g serves a contiguous group. Softmax in fp32. Returns
/// [B, S, heads·d].
/// Never holds more than a block of the scores: queries go in blocks of at most kQueryBlock,
/// windowed or causal blocks only meet the keys that some query of the block can see, and a batch
/// is taken in parts of at most kMostScores scores. k, v and mask.keys may have one row that serves
/// the batch.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const AttentionMask& mask = {});

/// Rows of one attention block: large enough for full speed of the matrix product, small enough
/// that 16 heads × 256 × 3000 scores stay under 50 MB in fp32.
inline constexpr std::int64_t kQueryBlock = 256;

/// 64 MB of fp32 scores at a time.
inline constexpr std::int64_t kMostScores = 16 << 20;

/// x + sin²(a·x)·b for x [B, C, n], a and b [C, 1] (Oobleck's snake with a = e^alpha and
/// b = 1/(e^beta + 1e-9)). In fp32 whatever the storage dtype.
at::Tensor snake(const at::Tensor& x, const at::Tensor& a, const at::Tensor& b);

}  // namespace headroom
