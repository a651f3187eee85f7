// The plan that a session plays by: device buffers and guaranteed workspace for one duration class,
// made once and changed as a whole.
//
// A change is make-before-break when old and new fit side by side: the music does not even pause.
// When they do not, the old one is let go first, and its room stays leased until the new one
// stands; so if the new one cannot be made, the old one can, and the caller gets the error and
// keeps playing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "memory/residency.h"

namespace headroom::memory {

/// What a plan needs.
struct PlanSpec {
  std::string name;             // "60 s"
  std::int64_t frames = 0;      // latent frames
  std::uint64_t buffers = 0;    // bytes that stay on the device
  std::uint64_t workspace = 0;  // bytes that its largest step takes
};

/// What stands on the device for a spec. Its destructor frees all of it.
class Plan {
 public:
  virtual ~Plan() = default;
};

/// Executor's thread alone.
class PlanSlot {
 public:
  /// Makes the device side of a plan inside a DeviceScope; all or nothing.
  using Maker = std::function<std::unique_ptr<Plan>(const PlanSpec&)>;

  PlanSlot(Residency& residency, std::string owner, Maker maker);

  /// Afterwards current() is the new plan. Throws Refused (nothing was changed), or what the device
  /// or the maker threw (the old plan is back, or, when even that failed, current() is null and its
  /// room is still held: restore() or the next change() makes good).
  void change(const PlanSpec& spec);
  /// Makes the plan of the last spec again if there is none.
  void restore();
  void clear();

  Plan* current() const { return plan_.get(); }
  const PlanSpec& spec() const { return spec_; }
  /// How the last change went.
  bool made_before_break() const { return made_before_break_; }

 private:
  std::unique_ptr<Plan> make(const PlanSpec& spec);
  void make_beside(const PlanSpec& spec, Lease lease);
  void make_instead(const PlanSpec& spec);

  Residency& residency_;
  std::string owner_;
  Maker maker_;
  PlanSpec spec_;
  std::unique_ptr<Plan> plan_;
  Lease lease_;
  WorkspaceFloor floor_;
  bool made_before_break_ = false;
};

}  // namespace headroom::memory
