// Upstream's repaint helpers: regenerate one region, keep the rest.
// Source: specification "ACE-Step v1.5", section 11.
#pragma once

#include <cstdint>

#include <ATen/ATen.h>

namespace headroom::diffusion {

/// After a step: frames outside the region return to t_next·noise + (1 − t_next)·source. `region`
/// [1, T] or [T], non-zero = repaint; the others [B, T, C].
at::Tensor repaint_inject(const at::Tensor& x, const at::Tensor& source, const at::Tensor& noise,
                          const at::Tensor& region, double t_next);

/// At the end: the region is cross-faded into the source over `frames` frames on each side, with
/// the interior points of a linear ramp.
at::Tensor repaint_blend(const at::Tensor& x, const at::Tensor& source, const at::Tensor& region,
                         std::int64_t frames);

}  // namespace headroom::diffusion
