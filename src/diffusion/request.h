// What one generation is asked to be. Source: specification of the streaming engine, section 1.2.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <ATen/ATen.h>

#include "diffusion/curve.h"

namespace headroom::diffusion {

/// Part of a schedule as fractions of its steps: a step i of N is inside when begin ≤ i/N < end.
struct StepRange {
  double begin = 0.0;
  double end = 1.0;

  bool contains(std::int64_t step, std::int64_t steps) const;
  bool operator==(const StepRange&) const = default;
};

/// A prompt as the network sees it, with when and where it counts.
struct Condition {
  at::Tensor states;  // [1, L, encoder width]
  at::Tensor mask;    // [1, L], 1 = a token; the diffusion transformer ignores it
  Curve weight{};     // per frame, among the conditions of one step; absent = 1
  std::optional<StepRange> range{};
};

/// Which frames are generated (1) and which keep the original (0).
struct LatentMask {
  Curve mask;
  at::Tensor original;  // [1, T, C]
  /// Fixed noise [1, T, C] under the kept frames; undefined: drawn from the seed.
  at::Tensor noise{};
  /// Factor on the mask at step i of N; none: 1.
  std::function<double(std::int64_t step, std::int64_t steps)> strength{};
};

enum class GuidanceMode {
  full,        // a forward pass of the negatives at every step
  initialize,  // at the first step only; that velocity is kept
  self,        // none: the generation's own initial noise stands in
};

/// "full", "initialize", "self"; nothing for others.
std::optional<GuidanceMode> parse_guidance_mode(std::string_view name);

struct Guidance {
  Curve scale{};  // absent: no guidance
  GuidanceMode mode = GuidanceMode::full;
  std::vector<Condition> negatives{};
  Curve momentum = -0.75;
  Curve rescale{};
};

/// A pull of the clean estimate towards a latent.
struct CleanTarget {
  at::Tensor latent{};   // [1, T, C]; undefined: none
  Curve strength = 0.0;  // in the second half of the schedule
  Curve curve{};         // instead of `strength`: ramped over the whole schedule from `gate` on
  double gate = 0.0;     // 0…1, start of the ramp as a fraction of the steps
};

/// Immutable once submitted. Latents are [1, T, C]; T and C are those of `context`.
struct Request {
  std::vector<Condition> conditions;  // the first is the primary: it counts when no other does
  at::Tensor context;                 // [1, T, 2C]: source or hints, then the chunk mask
  /// None: the ring picks one. The low 32 bits count.
  std::optional<std::uint64_t> seed{};
  /// Initial noise [1, T, C]; undefined: drawn from the seed.
  at::Tensor noise{};
  at::Tensor source{};   // [1, T, C], what a cover starts from
  double denoise = 1.0;  // strength, 0…1: picks the schedule
  /// How much noise the start has per frame, instead of the first timestep. Needs a source.
  Curve initial_noise{};
  Curve velocity_scale{};
  Curve ode_noise{};    // fresh noise after each ODE step, times the next timestep
  Curve sde_denoise{};  // SDE between source (0) and estimate (1). Needs a source.
  CleanTarget target{};
  LatentMask mask{};  // with an `original`
  Guidance guidance{};

  /// Which source this belongs to: a newer epoch makes it stale.
  std::uint64_t epoch = 0;
  /// Where the latent belongs in the source, in frames.
  std::int64_t start_frame = 0;

  std::int64_t frames() const { return context.size(1); }
  std::int64_t channels() const { return context.size(2) / 2; }
  bool masked() const { return mask.original.defined(); }
  /// Guidance happens with a scale and something to guide away from; a scale alone does nothing.
  bool guided() const {
    return guidance.scale.defined() &&
           (guidance.mode == GuidanceMode::self || !guidance.negatives.empty());
  }
};

/// Why a request cannot be generated, in one line that says what to change; empty when it can.
/// Checks shapes, lengths of curves and ranges, so that nothing can go wrong inside a tick.
std::string find_fault(const Request& request);

/// The request with every curve and latent in the dtype of the state (fp32) on the device of the
/// context, the form in which the ring keeps it: steps convert nothing.
Request prepared(Request request, at::ScalarType dtype = at::kFloat);

/// A request's context: a latent [1, T, C] and which of its frames are to be made, [T] or [1, T], 1
/// = made; undefined: all. Throws Error(usage) for a mask of another length.
at::Tensor decoder_context(const at::Tensor& latent, const at::Tensor& chunk_mask = {});

/// One request for each seed: a list of seeds is several generations, never one of several rows.
std::vector<Request> one_per_seed(const Request& request, const std::vector<std::uint64_t>& seeds);

}  // namespace headroom::diffusion
