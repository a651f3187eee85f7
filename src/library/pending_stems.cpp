#include "library/pending_stems.h"

#include <utility>

namespace headroom::library {

bool PendingStems::mark(const std::string& track_id) {
  const std::lock_guard lock(mutex_);
  return pending_.try_emplace(track_id).second;
}

void PendingStems::resolve(const std::string& track_id, const StemsOutcome& outcome) {
  std::vector<std::weak_ptr<Waiter>> waiters;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(track_id);
    if (found == pending_.end()) return;
    waiters = std::move(found->second);
    pending_.erase(found);
  }
  for (const auto& weak : waiters) {
    if (const auto waiter = weak.lock()) (*waiter)(outcome);
  }
}

bool PendingStems::pending(const std::string& track_id) const {
  const std::lock_guard lock(mutex_);
  return pending_.contains(track_id);
}

std::size_t PendingStems::count() const {
  const std::lock_guard lock(mutex_);
  return pending_.size();
}

PendingStems::Wait PendingStems::wait(const std::string& track_id, Waiter waiter) {
  Wait wait;
  const std::lock_guard lock(mutex_);
  const auto found = pending_.find(track_id);
  if (found == pending_.end()) return wait;
  wait.waiter_ = std::make_shared<Waiter>(std::move(waiter));
  found->second.push_back(wait.waiter_);
  return wait;
}

}  // namespace headroom::library
