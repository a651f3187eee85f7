// One generation under way, and what one step does to it.
// Source: specification of the streaming engine, sections 6 and 8 to 12.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <ATen/ATen.h>

#include "diffusion/controls.h"
#include "diffusion/denoiser.h"
#include "diffusion/guidance.h"
#include "diffusion/request.h"
#include "diffusion/slot_noise.h"
#include "diffusion/workspace.h"

namespace headroom::diffusion {

/// Stands in for fresh noise inside the loop, [1, T, C]: for generations that share one field of
/// noise, and for recorded ones. `id` is the request's.
using StepNoise = std::function<at::Tensor(std::uint64_t id, std::int64_t step)>;

/// What steps of all generations share. References outlive the call.
struct StepScope {
  Workspace& workspace;
  const Controls& controls;
  const StepNoise& noise;
  /// The reference corrects frames that a latent mask keeps as well (FIX-5).
  bool dcw_in_kept_frames = false;
};

/// State and integration are fp32 whatever the network computes in (FIX-9), unless another dtype is
/// asked for to compare with the reference. One thread.
class Slot {
 public:
  /// Starts a generation: its noise, its first state. `times` is its schedule from now on; `seed`
  /// is used where the request has none. The request has been checked and prepared.
  Slot(std::uint64_t id, std::shared_ptr<const Request> request, std::vector<double> times,
       std::uint64_t seed, at::ScalarType state, Workspace& workspace);

  std::uint64_t id() const { return id_; }
  const Request& request() const { return *request_; }
  const std::vector<double>& times() const { return times_; }
  std::int64_t finished_steps() const { return step_; }
  bool finished() const { return step_ >= steps(); }
  /// The state [1, T, C].
  const at::Tensor& x() const { return x_; }

  /// The rows that the next step needs: every positive condition that counts now, then the
  /// negatives. Appends to `rows`.
  void add_rows(const StepScope& scope, std::vector<Row>& rows);
  /// Makes the step with the velocities of those rows, in their order.
  void advance(const StepScope& scope, std::span<const at::Tensor> velocities);

 private:
  std::int64_t steps() const { return static_cast<std::int64_t>(times_.size()) - 1; }
  double t() const { return times_[static_cast<size_t>(step_)]; }
  double t_next() const { return times_[static_cast<size_t>(step_) + 1]; }
  bool needs_negatives() const;
  at::Tensor mask_now(Workspace& workspace) const;
  at::Tensor first_state(Workspace& workspace, const at::Tensor& noise) const;
  at::Tensor negative_velocity(const StepScope& scope, std::span<const at::Tensor> velocities);
  at::Tensor guided(const StepScope& scope, const at::Tensor& positive, const at::Tensor& negative);
  at::Tensor integrated(const StepScope& scope, const at::Tensor& v);
  at::Tensor from_clean(const StepScope& scope, const at::Tensor& x0, const Curve& sde);
  at::Tensor pulled(const StepScope& scope, const at::Tensor& x0) const;
  at::Tensor corrected(const StepScope& scope, const at::Tensor& next, const at::Tensor& v);
  at::Tensor fresh_noise(const StepScope& scope) const;
  bool pulls_by_strength(const Curve& strength) const;

  std::uint64_t id_;
  std::shared_ptr<const Request> request_;
  std::vector<double> times_;
  std::uint64_t seed_;
  std::int64_t step_ = 0;
  at::Tensor x_;
  at::Tensor base_;  // of the step under way: the state, with kept frames put back
  std::vector<const Condition*> positives_;
  std::vector<const Condition*> negatives_;
  Apg apg_;
  at::Tensor initial_noise_;  // guidance mode `self` only
  at::Tensor kept_negative_;  // guidance mode `initialize` only
  at::Tensor mask_noise_;
};

}  // namespace headroom::diffusion
