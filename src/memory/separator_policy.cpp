#include "memory/separator_policy.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/log.h"

namespace headroom::memory {

std::string_view to_string(SeparatorPark park) {
  switch (park) {
    case SeparatorPark::always:
      return "always";
    case SeparatorPark::automatic:
      return "auto";
    case SeparatorPark::never:
      return "never";
  }
  return "";
}

SeparatorPark parse_separator_park(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (lower == "auto") return SeparatorPark::automatic;
  if (lower == "never") return SeparatorPark::never;
  return SeparatorPark::always;
}

double parse_separator_reserve(std::string_view text) {
  double gib = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), gib);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(gib))
    return kSeparatorReserveGiB;
  return std::max(0.0, gib);
}

bool should_park(const SeparatorPolicy& policy, std::uint64_t claimable) {
  switch (policy.park) {
    case SeparatorPark::always:
      return true;
    case SeparatorPark::automatic:
      return claimable < policy.reserve;
    case SeparatorPark::never:
      return false;
  }
  return true;
}

std::uint64_t claimable_bytes(const DeviceUsage& usage) {
  const auto taken = std::min(usage.card, usage.others + usage.used);
  return std::min(usage.card - taken, usage.capacity - std::min(usage.capacity, usage.used));
}

SeparatorStay::SeparatorStay(Residency& residency, SeparatorPolicy policy, Component& separator,
                             std::string owner)
    : residency_(residency),
      separator_(separator),
      owner_(std::move(owner)),
      was_exclusive_(residency.exclusive()) {
  tell("before");
  parks_ = should_park(policy, claimable_bytes(residency_.device().usage()));
  residency_.set_exclusive(parks_);
  if (!parks_) return;
  for (const auto& component : residency_.components()) {
    if (component->group() != ComponentGroup::conditioning || !component->resident()) continue;
    // What only this owner brought (an upload's encoder) has done its work.
    if (!component->used_only_by(owner_)) displaced_.push_back(component.get());
    residency_.park(*component);
  }
  residency_.trim();
  tell("parked");
}

SeparatorStay::~SeparatorStay() {
  try {
    end();
  } catch (const std::exception& error) {
    log::warn("after a separation: {}", error.what());
  }
}

void SeparatorStay::loaded() {
  if (!std::exchange(loaded_, true)) tell("loaded");
}

void SeparatorStay::separated() { tell("separated"); }

void SeparatorStay::end() {
  if (std::exchange(ended_, true)) return;
  residency_.park(separator_);
  residency_.trim();
  tell("released");
  residency_.set_exclusive(was_exclusive_);
  if (!parks_) return;
  std::exception_ptr failed;
  for (auto* component : displaced_) {
    try {
      if (!component->resident()) residency_.restore(*component, "");
    } catch (...) {
      failed = std::current_exception();
    }
  }
  tell("restored");
  if (failed) std::rethrow_exception(failed);
}

void SeparatorStay::tell(const char* phase) {
  residency_.tell("stems_vram", separator_.name(), owner_,
                  separator_.resident() ? separator_.bytes() : 0, phase);
}

}  // namespace headroom::memory
