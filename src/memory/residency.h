// Who is on the device. Residency owns the components and makes room for what is to run next; it is
// the only place that restores, parks or trims.
//
// Room is made in this order, and no further than needed:
//   1. trim the pool (what is reserved and unused costs nobody anything),
//   2. park idle components, least recently used first and what plays (group stream) last; never
//   one
//      that is in use or needed,
//   3. (the executor) a smaller chunk,
//   4. (the executor) wait for leases that end by themselves,
//   5. refuse, with the shortfall.
//
// Workspace is one lease: steps run one at a time, so only the largest counts. A playing session
// holds a floor under it, so that a tick never has to ask.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "memory/component.h"
#include "memory/device.h"
#include "memory/ledger.h"
#include "memory/telemetry.h"

namespace headroom::memory {

struct ResidencySettings {
  /// Ours at most; the ledger's budget follows it and what the card has left.
  std::uint64_t budget = 0;
  /// Kept for other programs on the card.
  std::uint64_t leave_free = 0;
  /// Of the budget, what the pool may lose to its own granularity; not leased out.
  std::uint64_t slack = 0;
};

/// What is kept of a budget for the pool's own granularity: pages of 20 MiB that a gap between two
/// blocks leaves half used. Three pages and an eightieth of the budget, at most 192 MiB.
std::uint64_t pool_slack(std::uint64_t budget);

/// What a step was given: its components stay and its workspace is its own until this is destroyed.
/// Move-only; the executor's thread alone.
class Grant {
 public:
  Grant() = default;
  Grant(Grant&& other) noexcept;
  Grant& operator=(Grant&& other) noexcept;
  ~Grant() { reset(); }
  void reset();

 private:
  friend class Residency;
  Grant(class Residency* residency, std::vector<Component*> used)
      : residency_(residency), used_(std::move(used)) {}

  class Residency* residency_ = nullptr;
  std::vector<Component*> used_;
};

/// Workspace that is guaranteed while it lives. Any thread may destroy it.
class WorkspaceFloor {
 public:
  WorkspaceFloor() = default;
  WorkspaceFloor(WorkspaceFloor&& other) noexcept;
  WorkspaceFloor& operator=(WorkspaceFloor&& other) noexcept;
  ~WorkspaceFloor() { reset(); }
  std::uint64_t bytes() const { return bytes_; }
  void reset();

 private:
  friend class Residency;
  WorkspaceFloor(class Residency* residency, std::uint64_t bytes)
      : residency_(residency), bytes_(bytes) {}

  class Residency* residency_ = nullptr;
  std::uint64_t bytes_ = 0;
};

/// A listener that makes every transition of a lease an event. Both must outlive the ledger.
Ledger::Listener record_leases(Telemetry& telemetry, const Device& device);

/// One per device. Methods belong to the executor's thread unless they say otherwise.
class Residency {
 public:
  Residency(Device& device, Ledger& ledger, Telemetry& telemetry, ResidencySettings settings);
  /// Grants and floors must be gone.
  ~Residency();
  Residency(const Residency&) = delete;
  Residency& operator=(const Residency&) = delete;

  /// At start-up, before anything runs. The component lives as long as this.
  Component& add(std::string name, ComponentGroup group, std::uint64_t bytes,
                 std::unique_ptr<Placement> placement);

  /// Makes `needs` resident and in use with `workspace` beside them, for `owner`. A refusal by the
  /// ledger is a Shortfall and leaves the device as it is but for what was parked to make room; a
  /// refusal by the device itself in spite of the plan is trimmed, tried once more, and then thrown
  /// as OutOfDeviceMemory.
  Result<Grant, Shortfall> admit(std::span<Component* const> needs, std::uint64_t workspace,
                                 const std::string& owner);
  /// A lease for what outlives a step (latents, conditions, a plan's buffers); parks what idles to
  /// get it.
  Result<Lease, Shortfall> lease(LeaseRequest request);
  /// Makes a lease larger, parking what idles to do so; false, and nothing changed, when it cannot.
  bool grow(Lease& lease, std::uint64_t bytes);
  /// Guarantees workspace for `owner`'s steps.
  Result<WorkspaceFloor, Shortfall> hold_workspace(std::uint64_t bytes, const std::string& owner);

  /// False when it is in use.
  bool park(Component& component);
  void park_idle(std::span<Component* const> except = {});
  /// Parks what only `owner` used since it was restored: an upload leaves the device as it found
  /// it.
  void retire(const std::string& owner);
  void restore(Component& component, const std::string& owner);
  /// Returns what was freed; the event is called `what`.
  std::uint64_t trim(const std::string& what = "trimmed");

  /// While true, the separator and the conditioning components are never resident together.
  void set_exclusive(bool exclusive) { exclusive_ = exclusive; }
  bool exclusive() const { return exclusive_; }

  /// Follows what others on the card take and return: sets the ledger's budget and parks what idles
  /// until the leases fit into it again. True when they do.
  bool follow_device();

  /// Around a step: what the device holds before it; afterwards a peak that is more than
  /// `workspace` above both that and what stays is told as a defect of the bound.
  std::uint64_t begin_step();
  void end_step(const std::string& step, const std::string& owner, std::uint64_t before,
                std::uint64_t workspace);

  /// Records an event with what the device holds now. Any thread.
  void tell(std::string what, const std::string& name, const std::string& owner,
            std::uint64_t bytes, std::string purpose = "");

  Device& device() { return device_; }
  Ledger& ledger() { return ledger_; }
  Telemetry& telemetry() { return telemetry_; }
  /// From any thread, once all are added.
  const std::vector<std::unique_ptr<Component>>& components() const { return components_; }
  Component* find(std::string_view name) const;
  /// From any thread: ledger, device and components as JSON.
  nlohmann::json snapshot() const;

 private:
  friend class Grant;
  friend class WorkspaceFloor;

  bool needed(const Component& component, std::span<Component* const> needs) const;
  bool excluded(const Component& component, std::span<Component* const> needs) const;
  Component* next_to_leave(std::span<Component* const> except) const;
  std::uint64_t missing_weights(std::span<Component* const> needs) const;
  bool make_room(std::uint64_t bytes, std::span<Component* const> keep);
  void make_resident(Component& component, const std::string& owner);
  bool size_workspace(std::uint64_t at_least, const std::string& owner);
  void release(const std::vector<Component*>& used);
  void release_floor(std::uint64_t bytes);
  std::uint64_t floor() const;
  std::uint64_t room_on_card() const;

  Device& device_;
  Ledger& ledger_;
  Telemetry& telemetry_;
  ResidencySettings settings_;
  std::vector<std::unique_ptr<Component>> components_;
  bool exclusive_ = false;
  std::uint64_t uses_ = 0;
  mutable std::mutex workspace_mutex_;
  std::multiset<std::uint64_t> floors_;
  std::uint64_t step_workspace_ = 0;
  Lease workspace_;
};

}  // namespace headroom::memory
