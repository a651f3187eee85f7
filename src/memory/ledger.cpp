#include "memory/ledger.h"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"

namespace headroom::memory {

std::string_view to_string(Purpose purpose) {
  switch (purpose) {
    case Purpose::weights:
      return "weights";
    case Purpose::workspace:
      return "workspace";
    case Purpose::latents:
      return "latents";
    case Purpose::context:
      return "context";
  }
  return "";
}

std::string_view to_string(LedgerEvent::Kind kind) {
  switch (kind) {
    case LedgerEvent::Kind::granted:
      return "granted";
    case LedgerEvent::Kind::returned:
      return "returned";
    case LedgerEvent::Kind::resized:
      return "resized";
    case LedgerEvent::Kind::refused:
      return "refused";
  }
  return "";
}

std::string Shortfall::text(std::string_view name) const {
  auto text = fmt::format("{} needs {}, {} of {} are free", name, human_bytes(asked),
                          human_bytes(free), human_bytes(budget));
  if (!largest.empty()) text += fmt::format("; the largest lease is {}", largest);
  return text;
}

Ledger::Ledger(std::uint64_t budget, Listener listener)
    : budget_(budget), listener_(std::move(listener)) {}

Ledger::~Ledger() { assert(leases_.empty() && "a lease outlives its ledger"); }

Result<Lease, Shortfall> Ledger::lease(LeaseRequest request) {
  const std::lock_guard lock(mutex_);
  if (leased_ > budget_ || request.bytes > budget_ - leased_) {
    tell(LedgerEvent::Kind::refused, 0, request);
    return shortfall_locked(request.bytes);
  }
  const auto id = next_id_++;
  const auto bytes = request.bytes;
  leased_ += bytes;
  peak_ = std::max(peak_, leased_);
  const auto& entry = leases_[id] = std::move(request);
  tell(LedgerEvent::Kind::granted, id, entry);
  return Lease(this, id, bytes);
}

bool Ledger::fits(std::uint64_t bytes) const {
  const std::lock_guard lock(mutex_);
  return leased_ <= budget_ && bytes <= budget_ - leased_;
}

Shortfall Ledger::shortfall(std::uint64_t bytes) const {
  const std::lock_guard lock(mutex_);
  return shortfall_locked(bytes);
}

bool Ledger::any_ends() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(leases_.begin(), leases_.end(),
                     [](const auto& entry) { return entry.second.ends; });
}

std::uint64_t Ledger::budget() const {
  const std::lock_guard lock(mutex_);
  return budget_;
}

std::uint64_t Ledger::leased() const {
  const std::lock_guard lock(mutex_);
  return leased_;
}

std::uint64_t Ledger::peak() const {
  const std::lock_guard lock(mutex_);
  return peak_;
}

std::uint64_t Ledger::set_budget(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  return std::exchange(budget_, bytes);
}

std::vector<Ledger::Entry> Ledger::entries() const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> entries;
  for (const auto& [id, lease] : leases_) entries.push_back({id, lease});
  return entries;
}

nlohmann::json Ledger::snapshot() const {
  const std::lock_guard lock(mutex_);
  auto leases = nlohmann::json::array();
  for (const auto& [id, lease] : leases_) {
    leases.push_back({{"id", id},
                      {"name", lease.name},
                      {"purpose", to_string(lease.purpose)},
                      {"bytes", lease.bytes},
                      {"owner", lease.owner}});
  }
  return {{"budget", budget_}, {"leased", leased_}, {"peak", peak_}, {"leases", leases}};
}

void Ledger::give_back(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = leases_.find(id);
  leased_ -= found->second.bytes;
  const auto lease = std::move(found->second);
  leases_.erase(found);
  tell(LedgerEvent::Kind::returned, id, lease);
}

bool Ledger::resize(std::uint64_t id, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  auto& lease = leases_.at(id);
  const auto others = leased_ - lease.bytes;
  const bool grows = bytes > lease.bytes;
  if (grows && (others > budget_ || bytes > budget_ - others)) {
    auto refused = lease;
    refused.bytes = bytes;
    tell(LedgerEvent::Kind::refused, id, refused);
    return false;
  }
  lease.bytes = bytes;
  leased_ = others + bytes;
  peak_ = std::max(peak_, leased_);
  tell(LedgerEvent::Kind::resized, id, lease);
  return true;
}

void Ledger::tell(LedgerEvent::Kind kind, std::uint64_t id, const LeaseRequest& lease) const {
  if (listener_) listener_({kind, id, lease, leased_, budget_});
}

Shortfall Ledger::shortfall_locked(std::uint64_t asked) const {
  const auto largest = std::max_element(
      leases_.begin(), leases_.end(),
      [](const auto& a, const auto& b) { return a.second.bytes < b.second.bytes; });
  return {.asked = asked,
          .free = budget_ > leased_ ? budget_ - leased_ : 0,
          .budget = budget_,
          .largest = largest == leases_.end() ? ""
                                              : fmt::format("{} ({})", largest->second.name,
                                                            human_bytes(largest->second.bytes))};
}

Lease::Lease(Lease&& other) noexcept
    : ledger_(std::exchange(other.ledger_, nullptr)),
      id_(other.id_),
      bytes_(std::exchange(other.bytes_, 0)) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  reset();
  ledger_ = std::exchange(other.ledger_, nullptr);
  id_ = other.id_;
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

bool Lease::resize(std::uint64_t bytes) {
  if (ledger_ == nullptr || !ledger_->resize(id_, bytes)) return false;
  bytes_ = bytes;
  return true;
}

void Lease::reset() {
  if (ledger_ == nullptr) return;
  std::exchange(ledger_, nullptr)->give_back(id_);
  bytes_ = 0;
}

}  // namespace headroom::memory
