#include "server/event_queue.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "wire/constants.gen.h"

namespace headroom::server {
namespace {

using wire::Backpressure;

std::size_t slice_bytes_of(const wire::Event& event) {
  const auto* const slice = std::get_if<wire::Slice>(&event);
  if (slice == nullptr || slice->samples == nullptr) return 0;
  return slice->samples->size() * sizeof(float);
}

bool can_be_spared(const wire::Event& event) {
  return wire::backpressure_of(event) != Backpressure::never_drop;
}

}  // namespace

EventQueue::EventQueue(QueueLimits limits, std::function<void()> wake)
    : limits_(limits), wake_(std::move(wake)) {}

Sent EventQueue::publish(wire::Event event, Time now) {
  Sent sent = Sent::dropped;
  {
    const std::lock_guard lock(mutex_);
    if (goodbye_) return Sent::dropped;
    sent = insert(std::move(event), now);
  }
  if (sent != Sent::dropped && wake_) wake_();
  return sent;
}

void EventQueue::forget(const std::deque<Item>::const_iterator& item) {
  slice_bytes_ -= item->slice_bytes;
  if (item->slice_bytes > 0) ++dropped_;
  items_.erase(item);
}

bool EventQueue::evict_oldest_droppable() {
  const auto found = std::find_if(items_.begin(), items_.end(),
                                  [](const Item& item) { return can_be_spared(item.event); });
  if (found == items_.end()) return false;
  forget(found);
  return true;
}

// Under the lock.
Sent EventQueue::insert(wire::Event event, Time now) {
  const auto bytes = slice_bytes_of(event);
  while (bytes > 0 && slice_bytes_ + bytes > limits_.slice_bytes) {
    const auto oldest = std::find_if(items_.begin(), items_.end(),
                                     [](const Item& item) { return item.slice_bytes > 0; });
    if (oldest == items_.end()) break;
    forget(oldest);
  }
  if (items_.size() >= limits_.events) {
    const auto kind = wire::backpressure_of(event);
    if (kind == Backpressure::coalesce) {
      const auto same = std::find_if(items_.rbegin(), items_.rend(), [&](const Item& item) {
        return item.event.index() == event.index();
      });
      if (same != items_.rend()) {
        same->event = std::move(event);
        return Sent::replaced;
      }
    }
    if (!evict_oldest_droppable()) {
      if (kind != Backpressure::never_drop) {
        dropped_ += bytes > 0 ? 1 : 0;
        return Sent::dropped;
      }
      const auto why = fmt::format("queue overflow on {}", wire::type_of(event));
      items_.clear();
      slice_bytes_ = 0;
      items_.push_back({wire::RuntimeError{.code = "overflow", .message = why}, now, 0});
      goodbye_ = Goodbye{static_cast<int>(wire::kCloseFailed), why};
      return Sent::overflow;
    }
  }
  items_.push_back({std::move(event), now, bytes});
  slice_bytes_ += bytes;
  return Sent::queued;
}

void EventQueue::finish(Goodbye goodbye) {
  {
    const std::lock_guard lock(mutex_);
    if (goodbye_) return;
    goodbye_ = std::move(goodbye);
  }
  if (wake_) wake_();
}

void EventQueue::cut(Goodbye goodbye) {
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    items_.clear();
    slice_bytes_ = 0;
    goodbye_ = std::move(goodbye);
  }
  if (wake_) wake_();
}

EventQueue::Taken EventQueue::take(Time now) {
  const std::lock_guard lock(mutex_);
  while (!items_.empty()) {
    Item item = std::move(items_.front());
    items_.pop_front();
    slice_bytes_ -= item.slice_bytes;
    if (item.slice_bytes > 0 && now - item.since > limits_.slice_age) {
      ++dropped_;
      continue;
    }
    return std::move(item.event);
  }
  if (!goodbye_ || over_) return {};
  over_ = true;
  return *goodbye_;
}

std::size_t EventQueue::size() const {
  const std::lock_guard lock(mutex_);
  return items_.size();
}

std::uint64_t EventQueue::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace headroom::server
