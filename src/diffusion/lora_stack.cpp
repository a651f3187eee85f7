#include "diffusion/lora_stack.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::diffusion {
namespace {

std::string strength_fault(const std::string& id, double strength) {
  if (std::isfinite(strength)) return "";
  return fmt::format("LoRA '{}' cannot have a strength that is not a finite number", printable(id));
}

const LoraDelta* delta_for(const Lora& lora, const std::string& target) {
  const auto found = std::find_if(lora.deltas.begin(), lora.deltas.end(),
                                  [&](const LoraDelta& delta) { return delta.target == target; });
  return found == lora.deltas.end() ? nullptr : &*found;
}

}  // namespace

LoraShapes LoraStack::shapes() const {
  LoraShapes shapes;
  for (const auto& [name, target] : targets_) shapes[name] = target.weight->sizes().vec();
  return shapes;
}

const LoraStack::Entry* LoraStack::find(const std::string& id) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.id == id; });
  return found == entries_.end() ? nullptr : &*found;
}

double LoraStack::strength(const std::string& id) const {
  const auto* entry = find(id);
  return entry == nullptr ? 0.0 : entry->strength;
}

void LoraStack::touch(const Lora& lora) {
  for (const auto& delta : lora.deltas) {
    if (std::find(dirty_.begin(), dirty_.end(), delta.target) == dirty_.end())
      dirty_.push_back(delta.target);
  }
}

Result<bool, LoraRefusal> LoraStack::enable(const std::string& id, std::size_t order, Lora lora,
                                            double strength) {
  if (auto fault = strength_fault(id, strength); !fault.empty()) return LoraRefusal{fault};
  if (find(id) != nullptr) return set_strength(id, strength);
  for (const auto& delta : lora.deltas) {
    const auto target = targets_.find(delta.target);
    if (target == targets_.end())
      return LoraRefusal{fmt::format("LoRA '{}' changes '{}', which this model does not have",
                                     printable(id), printable(delta.target))};
  }
  const auto place =
      std::upper_bound(entries_.begin(), entries_.end(), order,
                       [](std::size_t wanted, const Entry& entry) { return wanted < entry.order; });
  if (strength != 0.0) touch(lora);
  entries_.insert(place, {id, order, std::move(lora), strength});
  return true;
}

Result<bool, LoraRefusal> LoraStack::set_strength(const std::string& id, double strength) {
  if (auto fault = strength_fault(id, strength); !fault.empty()) return LoraRefusal{fault};
  for (auto& entry : entries_) {
    if (entry.id != id) continue;
    if (entry.strength != strength) touch(entry.lora);
    entry.strength = strength;
    return true;
  }
  return LoraRefusal{fmt::format("LoRA '{}' is not enabled; enable it first", printable(id))};
}

void LoraStack::disable(const std::string& id) {
  const auto* entry = find(id);
  if (entry == nullptr) return;
  if (entry->strength != 0.0) touch(entry->lora);
  std::erase_if(entries_, [&](const Entry& one) { return one.id == id; });
}

bool LoraStack::touched(const std::string& target) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.strength != 0.0 && delta_for(entry.lora, target) != nullptr;
  });
}

at::Tensor LoraStack::merged(const std::string& target, const at::Tensor& base) const {
  if (!touched(target)) return base;
  auto sum = base.to(at::kFloat, /*non_blocking=*/false, /*copy=*/true);
  for (const auto& entry : entries_) {
    const auto* delta = delta_for(entry.lora, target);
    if (delta == nullptr || entry.strength == 0.0) continue;
    sum.add_(delta->full().to(sum.device()).mul_(entry.strength));
  }
  return sum.to(base.scalar_type());
}

std::size_t LoraStack::merge_some(std::size_t most) {
  const auto count = std::min(most, dirty_.size());
  for (std::size_t i = 0; i < count; ++i) {
    const auto& name = dirty_.front();
    auto& target = targets_.at(name);
    const auto options = target.weight->options();
    const auto base = target.base();
    const auto whole = touched(name) ? merged(name, base.to(at::kFloat)) : base;
    *target.weight = target.place ? target.place(whole) : whole.to(options).contiguous();
    dirty_.erase(dirty_.begin());
    ++changes_;
  }
  return count;
}

void LoraStack::rebind(std::map<std::string, LoraTarget> targets, bool merged) {
  targets_ = std::move(targets);
  dirty_.clear();
  ++changes_;
  if (merged) return;
  for (const auto& entry : entries_) {
    if (entry.strength != 0.0) touch(entry.lora);
  }
}

std::uint64_t LoraStack::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& entry : entries_) sum += entry.lora.bytes();
  for (const auto& [name, target] : targets_) {
    if (touched(name)) sum += target.weight->nbytes();
  }
  return sum;
}

}  // namespace headroom::diffusion
