// A piece of a model that can be on the device or off it. Its weights live for good in a mapped
// file (or whatever its Placement reads); being resident means that a copy exists on the device.
// Parking drops that copy and carries nothing back; restoring costs one copy to the device. One
// process has one copy of a component, whoever uses it.
//
//            restore                 use
//   parked ──────────▶ restoring ─▶ resident ◀──▶ in use
//     ▲                    │ refused    │ park
//     └────────────────────┴────────────┘
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "memory/device.h"
#include "memory/ledger.h"

namespace headroom::memory {

enum class ComponentState { parked, restoring, resident, in_use };
std::string_view to_string(ComponentState state);

/// What a component is for decides who must leave for whom (see Residency).
enum class ComponentGroup {
  stream,        // what a playing session ticks with: diffusion decoder, VAE decoder
  conditioning,  // encoders of prompts, timbre, sources: used now and then
  separator,
};

/// How a component gets onto the device. Called from the executor's thread alone.
class Placement {
 public:
  virtual ~Placement() = default;
  /// Makes the device copy with Device::to_device(). When it throws, drop() follows.
  virtual void restore(Device& device) = 0;
  virtual void drop() noexcept = 0;
};

/// Moved between its states by Residency alone; everything that can be read here may be read from
/// any thread.
class Component {
 public:
  /// `bytes`: an upper bound of what the copy takes on the device.
  Component(std::string name, ComponentGroup group, std::uint64_t bytes,
            std::unique_ptr<Placement> placement);

  const std::string& name() const { return name_; }
  ComponentGroup group() const { return group_; }
  std::uint64_t bytes() const { return bytes_; }
  ComponentState state() const { return state_.load(); }
  bool resident() const {
    return state() == ComponentState::resident || state() == ComponentState::in_use;
  }
  /// Nobody but `owner` used it since it was restored. Executor's thread alone.
  bool used_only_by(const std::string& owner) const { return only_for_ == owner; }
  /// Copies made since the start.
  std::uint64_t restores() const { return restores_.load(); }

 private:
  friend class Residency;

  std::string name_;
  ComponentGroup group_;
  std::uint64_t bytes_;
  std::unique_ptr<Placement> placement_;
  std::atomic<ComponentState> state_ = ComponentState::parked;
  std::atomic<std::uint64_t> restores_ = 0;
  int uses_ = 0;
  std::uint64_t last_use_ = 0;  // a count of uses, not a time
  std::string only_for_;        // the one owner who wanted it since it was restored, or empty
  Lease lease_;
};

}  // namespace headroom::memory
