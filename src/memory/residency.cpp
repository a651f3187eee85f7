#include "memory/residency.h"

#include <algorithm>

#include "base/json.h"

namespace headroom::memory {

Grant::Grant(Grant&& other) noexcept
    : residency_(std::exchange(other.residency_, nullptr)), used_(std::move(other.used_)) {}

Grant& Grant::operator=(Grant&& other) noexcept {
  if (this == &other) return *this;
  reset();
  residency_ = std::exchange(other.residency_, nullptr);
  used_ = std::move(other.used_);
  return *this;
}

void Grant::reset() {
  if (residency_ != nullptr) std::exchange(residency_, nullptr)->release(used_);
  used_.clear();
}

WorkspaceFloor::WorkspaceFloor(WorkspaceFloor&& other) noexcept
    : residency_(std::exchange(other.residency_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

WorkspaceFloor& WorkspaceFloor::operator=(WorkspaceFloor&& other) noexcept {
  if (this == &other) return *this;
  reset();
  residency_ = std::exchange(other.residency_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

void WorkspaceFloor::reset() {
  if (residency_ != nullptr) std::exchange(residency_, nullptr)->release_floor(bytes_);
  bytes_ = 0;
}

std::uint64_t pool_slack(std::uint64_t budget) {
  constexpr std::uint64_t kPages = 64 << 20;
  constexpr std::uint64_t kMost = 192 << 20;
  return std::min(kPages + budget / 80, kMost);
}

Ledger::Listener record_leases(Telemetry& telemetry, const Device& device) {
  return [&telemetry, &device](const LedgerEvent& event) {
    const auto usage = device.usage();
    telemetry.record({.seconds = 0.0,
                      .what = std::string(to_string(event.kind)),
                      .name = event.lease.name,
                      .owner = event.lease.owner,
                      .purpose = std::string(to_string(event.lease.purpose)),
                      .bytes = event.lease.bytes,
                      .leased = event.leased,
                      .used = usage.used,
                      .reserved = usage.reserved,
                      .others = usage.others,
                      .budget = event.budget});
  };
}

Residency::Residency(Device& device, Ledger& ledger, Telemetry& telemetry,
                     ResidencySettings settings)
    : device_(device), ledger_(ledger), telemetry_(telemetry), settings_(settings) {
  follow_device();
}

Residency::~Residency() {
  park_idle();
  workspace_.reset();
}

Component& Residency::add(std::string name, ComponentGroup group, std::uint64_t bytes,
                          std::unique_ptr<Placement> placement) {
  components_.push_back(
      std::make_unique<Component>(std::move(name), group, bytes, std::move(placement)));
  return *components_.back();
}

Component* Residency::find(std::string_view name) const {
  for (const auto& component : components_) {
    if (component->name() == name) return component.get();
  }
  return nullptr;
}

Result<Grant, Shortfall> Residency::admit(std::span<Component* const> needs,
                                          std::uint64_t workspace, const std::string& owner) {
  follow_device();
  for (const auto& component : components_) {
    if (exclusive_ && component->resident() && excluded(*component, needs)) park(*component);
  }
  const auto weights = missing_weights(needs);
  const auto held = workspace_.bytes();
  const auto wanted = std::max(floor(), workspace);
  const auto more = wanted > held ? wanted - held : 0;
  if (!make_room(weights + more, needs)) return ledger_.shortfall(weights + more);
  if (weights > 0 && weights + more > room_on_card()) trim();

  std::vector<Component*> restored;
  try {
    for (auto* component : needs) {
      if (component->resident()) continue;
      make_resident(*component, owner);
      restored.push_back(component);
    }
  } catch (...) {
    for (auto* component : restored) park(*component);
    throw;
  }
  if (!size_workspace(workspace, owner)) return ledger_.shortfall(more);
  for (auto* component : needs) {
    ++component->uses_;
    component->last_use_ = ++uses_;
    if (component->only_for_ != owner) component->only_for_.clear();
    component->state_ = ComponentState::in_use;
  }
  return Grant(this, {needs.begin(), needs.end()});
}

Result<Lease, Shortfall> Residency::lease(LeaseRequest request) {
  follow_device();
  make_room(request.bytes, {});  // the ledger says the rest
  return ledger_.lease(std::move(request));
}

bool Residency::grow(Lease& lease, std::uint64_t bytes) {
  follow_device();
  if (bytes > lease.bytes()) make_room(bytes - lease.bytes(), {});
  return lease.resize(bytes);
}

Result<WorkspaceFloor, Shortfall> Residency::hold_workspace(std::uint64_t bytes,
                                                            const std::string& owner) {
  follow_device();
  const auto held = workspace_.bytes();
  const auto more = bytes > held ? bytes - held : 0;
  if (!make_room(more, {}) || !size_workspace(bytes, owner)) return ledger_.shortfall(more);
  const std::lock_guard lock(workspace_mutex_);
  floors_.insert(bytes);
  step_workspace_ = 0;
  return WorkspaceFloor(this, bytes);
}

bool Residency::park(Component& component) {
  if (component.state() != ComponentState::resident)
    return component.state() == ComponentState::parked;
  component.placement_->drop();
  component.lease_.reset();
  component.state_ = ComponentState::parked;
  component.only_for_.clear();
  tell("parked", component.name(), "", component.bytes());
  return true;
}

void Residency::park_idle(std::span<Component* const> except) {
  for (const auto& component : components_) {
    if (!needed(*component, except)) park(*component);
  }
}

void Residency::retire(const std::string& owner) {
  bool any = false;
  for (const auto& component : components_) {
    if (component->resident() && component->only_for_ == owner) any = park(*component) || any;
  }
  if (any) trim();
}

void Residency::restore(Component& component, const std::string& owner) {
  Component* const needs[] = {&component};
  auto grant = admit(needs, 0, owner);
  if (!grant) throw Refused(component.name(), grant.error());
}

std::uint64_t Residency::trim(const std::string& what) {
  const auto freed = device_.trim();
  if (freed > 0) tell(what, "pool", "", freed);
  return freed;
}

bool Residency::follow_device() {
  const auto usage = device_.usage();
  const auto taken = usage.others + settings_.leave_free;
  const auto left = usage.card > taken ? usage.card - taken : 0;
  const auto ours = std::min(settings_.budget, left);
  const auto budget = ours > settings_.slack ? ours - settings_.slack : 0;
  if (ledger_.set_budget(budget) != budget) tell("budget", "device", "", budget);
  if (usage.reserved > ours && usage.idle() > 0) trim();
  if (ledger_.leased() <= budget) return true;
  bool parked = false;
  while (ledger_.leased() > budget) {
    auto* component = next_to_leave({});
    if (component == nullptr) break;
    parked = park(*component) || parked;
  }
  if (parked) trim();
  return ledger_.leased() <= budget;
}

std::uint64_t Residency::begin_step() {
  device_.reset_peaks();
  return device_.usage().used;
}

void Residency::end_step(const std::string& step, const std::string& owner, std::uint64_t before,
                         std::uint64_t workspace) {
  const auto usage = device_.usage();
  // What stays belongs to another lease: a plan's buffers, which the first tick fills.
  const auto taken = usage.peak_used - std::max(before, usage.used);
  tell("step", step, owner, taken);
  if (taken > workspace) tell("defect", step, owner, taken);
}

bool Residency::needed(const Component& component, std::span<Component* const> needs) const {
  return std::find(needs.begin(), needs.end(), &component) != needs.end();
}

bool Residency::excluded(const Component& component, std::span<Component* const> needs) const {
  const auto has = [&](ComponentGroup group) {
    return std::any_of(needs.begin(), needs.end(),
                       [&](const Component* need) { return need->group() == group; });
  };
  switch (component.group()) {
    case ComponentGroup::conditioning:
      return has(ComponentGroup::separator);
    case ComponentGroup::separator:
      return has(ComponentGroup::conditioning);
    case ComponentGroup::stream:
      return false;
  }
  return false;
}

Component* Residency::next_to_leave(std::span<Component* const> except) const {
  // What plays leaves last: its return would be heard.
  const auto rank = [](const Component& component) {
    return std::pair(component.group() == ComponentGroup::stream, component.last_use_);
  };
  Component* first = nullptr;
  for (const auto& component : components_) {
    if (component->state() != ComponentState::resident || needed(*component, except)) continue;
    if (first == nullptr || rank(*component) < rank(*first)) first = component.get();
  }
  return first;
}

std::uint64_t Residency::missing_weights(std::span<Component* const> needs) const {
  std::uint64_t bytes = 0;
  for (const auto* component : needs) {
    if (!component->resident()) bytes += component->bytes();
  }
  return bytes;
}

bool Residency::make_room(std::uint64_t bytes, std::span<Component* const> keep) {
  std::uint64_t parkable = 0;
  for (const auto& component : components_) {
    if (component->state() == ComponentState::resident && !needed(*component, keep))
      parkable += component->bytes();
  }
  if (bytes > parkable && !ledger_.fits(bytes - parkable)) return false;  // nobody leaves in vain
  while (!ledger_.fits(bytes)) {
    auto* component = next_to_leave(keep);
    if (component == nullptr) return false;
    park(*component);
  }
  return true;
}

void Residency::make_resident(Component& component, const std::string& owner) {
  auto lease = ledger_.lease({.name = component.name(),
                              .purpose = Purpose::weights,
                              .bytes = component.bytes(),
                              .owner = ""});
  if (!lease) throw Refused(component.name(), lease.error());
  component.state_ = ComponentState::restoring;
  const auto before = device_.usage().used;
  for (int attempt = 0;; ++attempt) {
    try {
      refused_as_ours(component.name(), [&] { component.placement_->restore(device_); });
      break;
    } catch (const OutOfDeviceMemory& error) {
      component.placement_->drop();
      tell("oom", component.name(), owner, error.asked());
      if (attempt > 0) {
        component.state_ = ComponentState::parked;
        throw;
      }
      trim();
    } catch (...) {
      component.placement_->drop();
      component.state_ = ComponentState::parked;
      throw;
    }
  }
  component.lease_ = std::move(lease).value();
  component.state_ = ComponentState::resident;
  component.only_for_ = owner;
  ++component.restores_;
  tell("restored", component.name(), owner, component.bytes());
  const auto taken = device_.usage().used - before;
  if (taken > component.bytes()) tell("defect", component.name(), owner, taken);
}

bool Residency::size_workspace(std::uint64_t at_least, const std::string& owner) {
  const std::lock_guard lock(workspace_mutex_);
  const auto wanted = std::max(at_least, floors_.empty() ? 0 : *floors_.rbegin());
  if (!workspace_) {
    auto lease = ledger_.lease(
        {.name = "workspace", .purpose = Purpose::workspace, .bytes = wanted, .owner = owner});
    if (!lease) return false;
    workspace_ = std::move(lease).value();
  } else if (workspace_.bytes() != wanted && !workspace_.resize(wanted)) {
    return false;
  }
  step_workspace_ = at_least;
  return true;
}

void Residency::release(const std::vector<Component*>& used) {
  for (auto* component : used) {
    if (--component->uses_ == 0) component->state_ = ComponentState::resident;
  }
  (void)size_workspace(0, "");
}

void Residency::release_floor(std::uint64_t bytes) {
  {
    const std::lock_guard lock(workspace_mutex_);
    floors_.erase(floors_.find(bytes));
    // Shrinking is never refused. What a running step was given stays until it ends.
    const auto wanted = std::max(step_workspace_, floors_.empty() ? 0 : *floors_.rbegin());
    if (wanted < workspace_.bytes()) (void)workspace_.resize(wanted);
  }
}

std::uint64_t Residency::floor() const {
  const std::lock_guard lock(workspace_mutex_);
  return floors_.empty() ? 0 : *floors_.rbegin();
}

std::uint64_t Residency::room_on_card() const {
  const auto usage = device_.usage();
  const auto left = usage.card > usage.others ? usage.card - usage.others : 0;
  const auto cap = std::min(usage.capacity, left);
  return cap > usage.reserved ? cap - usage.reserved : 0;
}

void Residency::tell(std::string what, const std::string& name, const std::string& owner,
                     std::uint64_t bytes, std::string purpose) {
  const auto usage = device_.usage();
  telemetry_.record({.seconds = 0.0,
                     .what = std::move(what),
                     .name = name,
                     .owner = owner,
                     .purpose = std::move(purpose),
                     .bytes = bytes,
                     .leased = ledger_.leased(),
                     .used = usage.used,
                     .reserved = usage.reserved,
                     .others = usage.others,
                     .budget = ledger_.budget()});
}

nlohmann::json Residency::snapshot() const {
  auto components = nlohmann::json::array();
  for (const auto& component : components_) {
    components.push_back({{"name", component->name()},
                          {"state", to_string(component->state())},
                          {"bytes", component->bytes()},
                          {"restores", component->restores()}});
  }
  const auto usage = device_.usage();
  return {{"ledger", ledger_.snapshot()},
          {"device",
           {{"name", device_.name()},
            {"card", usage.card},
            {"capacity", usage.capacity},
            {"used", usage.used},
            {"reserved", usage.reserved},
            {"peak_used", usage.peak_used},
            {"peak_reserved", usage.peak_reserved},
            {"others", usage.others}}},
          {"components", components}};
}

}  // namespace headroom::memory
