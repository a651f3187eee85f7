// The diffusion transformer: velocity of a noisy latent under a condition.
//
//   x_t, context ─ concat ─ patch in ─┐
//                       t ─ time embeds ─┬─ modulation ──────────────┐
//   ┌─────────────────────────────────────┴──────────────────────┐   │
//   │ self-attention (window on even layers), cross-attention to │ × layers
//   │ the condition, gated MLP                                   │
//   └────────────────────────────────────────────────────────────┘
//                                       norm, modulate, patch out ─ velocity
//
// Source: shared specification "ACE-Step v1.5", section 5 (`decoder.*` of the checkpoint).
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

#include "models/layers.h"

namespace headroom::models {

/// Embeds one scalar per row: sinusoid, two linears, and their projection to six modulations.
struct TimeEmbedding {
  Linear linear_1, linear_2, project;
};

/// What TimeEmbedding begins with: cosines, then sines of 1000 · tau [B] at 128 rates from 1 down
/// to almost 1e-4. [B, 256] fp32.
at::Tensor time_sinusoid(const at::Tensor& tau);

struct DitLayer {
  at::Tensor scale_shift;  // [1, 6, H] fp32: shift₁, scale₁, gate₁, shift₂, scale₂, gate₂
  at::Tensor self_norm, cross_norm, mlp_norm;
  Attention self_attention, cross_attention;
  Mlp mlp;
};

/// Immutable after bind_dit.
struct Dit {
  AceStepConfig config;
  Linear patch_in;             // [H, patch · 3C]
  Linear condition_embedder;   // encoder width → H
  TimeEmbedding time, time_r;  // of t and of t − r
  std::vector<DitLayer> layers;
  at::Tensor norm_out;
  at::Tensor scale_shift;  // [1, 2, H] fp32
  Linear patch_out;        // [patch · C, H]
};

/// `weights` stands at the checkpoint's root ("decoder.…" is added here).
Dit bind_dit(const Weights& weights, const AceStepConfig& config);

/// A condition as every layer's cross-attention wants it. Depends on the condition alone: compute
/// once per prompt, keep for all steps, slots and ticks. Bytes: 2 · layers · kv_heads · head_dim ·
/// L numbers per row (98 kB per condition row for the 2B model in 16 bit).
struct DitCondition {
  std::vector<KeyValue> layers;  // each [B, kv_heads, L, head_dim]
};

/// `states` [B, L, encoder width]: the condition encoder's output, or the null condition. Rows that
/// are zero are attended like any other, as in the reference.
DitCondition prepare_condition(const Dit& dit, const at::Tensor& states);

/// Velocity [B, T, C] of x_t [B, T, C] with context [B, T, 2C] (source or hints, then chunk mask)
/// at times t [B] in fp32. `r` [B] is the second time; undefined means r = t, the normal case. Rows
/// are independent of each other. `condition` has B rows, or one row that serves all. T may be odd.
/// Cost per row: 2.2 TFLOP at 60 s for the 2B model; workspace a few dozen bytes · S · H.
at::Tensor velocity(const Dit& dit, const at::Tensor& x_t, const at::Tensor& context,
                    const at::Tensor& t, const DitCondition& condition, const at::Tensor& r = {});

}  // namespace headroom::models
