#include "memory/plan_slot.h"

#include <algorithm>
#include <utility>

namespace headroom::memory {

PlanSlot::PlanSlot(Residency& residency, std::string owner, Maker maker)
    : residency_(residency), owner_(std::move(owner)), maker_(std::move(maker)) {}

std::unique_ptr<Plan> PlanSlot::make(const PlanSpec& spec) {
  const auto attempt = [&] {
    const DeviceScope scope(residency_.device(), "plan");
    return maker_(spec);
  };
  try {
    return attempt();
  } catch (const OutOfDeviceMemory& error) {
    residency_.tell("oom", "plan " + spec.name, owner_, error.asked());
    residency_.trim();
    return attempt();
  }
}

void PlanSlot::change(const PlanSpec& spec) {
  auto beside = residency_.lease({.name = "plan " + spec.name,
                                  .purpose = Purpose::latents,
                                  .bytes = spec.buffers,
                                  .owner = owner_});
  if (beside) return make_beside(spec, std::move(beside).value());
  if (!lease_) throw Refused("plan " + spec.name, beside.error());
  make_instead(spec);
}

void PlanSlot::make_beside(const PlanSpec& spec, Lease lease) {
  auto floor = residency_.hold_workspace(spec.workspace, owner_);
  if (!floor) throw Refused("workspace of plan " + spec.name, floor.error());
  auto plan = make(spec);
  made_before_break_ = plan_ != nullptr;
  plan_ = std::move(plan);
  lease_ = std::move(lease);
  floor_ = std::move(floor).value();
  spec_ = spec;
}

void PlanSlot::make_instead(const PlanSpec& spec) {
  const auto name = "plan " + spec.name;
  const auto room = lease_.bytes();
  auto floor = residency_.hold_workspace(spec.workspace, owner_);
  if (!floor) throw Refused("workspace of " + name, floor.error());
  // The old plan's room stays leased until the new one stands: that is the way back.
  if (spec.buffers > room && !residency_.grow(lease_, spec.buffers))
    throw Refused(name, residency_.ledger().shortfall(spec.buffers - room));
  plan_.reset();
  made_before_break_ = false;
  try {
    plan_ = make(spec);
  } catch (...) {
    const auto failed = std::current_exception();
    (void)lease_.resize(room);
    try {
      restore();
    } catch (...) {
      // The first error says more; there is no plan now, and restore() will be asked again.
    }
    std::rethrow_exception(failed);
  }
  (void)lease_.resize(spec.buffers);
  floor_ = std::move(floor).value();
  spec_ = spec;
}

void PlanSlot::restore() {
  if (plan_ == nullptr && lease_) plan_ = make(spec_);
}

void PlanSlot::clear() {
  plan_.reset();
  lease_.reset();
  floor_.reset();
  spec_ = {};
}

}  // namespace headroom::memory
