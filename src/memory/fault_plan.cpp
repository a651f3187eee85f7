#include "memory/fault_plan.h"

#include <utility>

namespace headroom::memory {

void FaultInjector::arm(FaultPlan plan) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
  requests_ = failures_ = freed_ = 0;
}

void FaultInjector::disarm() { arm({}); }

bool FaultInjector::fails(std::string_view purpose) {
  const std::lock_guard lock(mutex_);
  if (plan_.mode == FaultPlan::Mode::none || purpose.find(plan_.purpose) == std::string_view::npos)
    return false;
  ++requests_;
  bool fail = false;
  switch (plan_.mode) {
    case FaultPlan::Mode::none:
      break;
    case FaultPlan::Mode::once:
      fail = requests_ == plan_.n;
      break;
    case FaultPlan::Mode::from:
      fail = requests_ >= plan_.n;
      break;
    case FaultPlan::Mode::until_freed:
      fail = requests_ >= plan_.n && freed_ < plan_.bytes;
      break;
  }
  if (fail) ++failures_;
  return fail;
}

void FaultInjector::freed(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (failures_ > 0) freed_ += bytes;
}

std::uint64_t FaultInjector::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::uint64_t FaultInjector::failures() const {
  const std::lock_guard lock(mutex_);
  return failures_;
}

}  // namespace headroom::memory
