// The diffusion transformer as a Denoiser.
#pragma once

#include <cstdint>
#include <vector>

#include <ATen/ATen.h>

#include "diffusion/denoiser.h"
#include "models/dit.h"

namespace headroom::diffusion {

/// How rows become forward passes.
struct RowPlan {
  /// Off: every row is a pass of its own, at the fixed shape [1, T, C]. A matrix product rounds
  /// differently for another number of rows, so only then does a row have the same bits in any
  /// company. On: rows of equal length L of their condition share a pass (FIX-2: nothing is
  /// padded).
  bool batched = false;
  /// Rows of one pass; more are split (FIX-12).
  std::int64_t most_rows = 8;
  /// Conditions that are kept prepared at once: the oldest of more is prepared anew when its turn
  /// comes. Rows of one pass count together. 0: all that somebody holds.
  std::size_t most_prepared = 0;
};

/// Keeps what the network computes from a condition alone for as long as somebody else holds the
/// condition's states. One thread.
class DitDenoiser final : public Denoiser {
 public:
  explicit DitDenoiser(RowPlan plan = {}) : plan_(plan) {}
  explicit DitDenoiser(const models::Dit& dit, RowPlan plan = {}) : dit_(&dit), plan_(plan) {}

  /// The network from now on, until the next call: it may have been away in between. Equal weights
  /// give equal conditions, so what was computed from them stays.
  void use(const models::Dit& dit) { dit_ = &dit; }

  void velocities(std::span<const Row> rows, std::vector<at::Tensor>& velocities) override;

  /// The network's weights have changed: what was computed from them is computed anew.
  void weights_changed() { prepared_.clear(); }

  /// See RowPlan.
  void set_most_prepared(std::size_t most) { plan_.most_prepared = most; }
  /// Lets go of what belongs to conditions that nobody holds any more, as every call does.
  void forget_unused();

  std::size_t prepared_conditions() const { return prepared_.size(); }

 private:
  struct Prepared {
    at::Tensor states;
    models::DitCondition condition;
  };

  const models::DitCondition& prepared(const at::Tensor& states);
  at::Tensor alone(const Row& row);
  void together(std::span<const Row> rows, const std::vector<std::size_t>& chosen,
                std::vector<at::Tensor>& velocities);

  const models::Dit* dit_ = nullptr;
  RowPlan plan_;
  std::vector<Prepared> prepared_;
};

}  // namespace headroom::diffusion
