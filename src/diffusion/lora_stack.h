// The LoRAs that are merged into a network, and their strengths while it plays.
//
//   W = base + Σ strengthₖ·Δₖ, summed in fp32 in the order of the catalogue, rounded once
//
// The base is never copied: it is taken from the checkpoint (a mapped file) each time, so what is
// merged depends on the checkpoint and the strengths alone, whatever was merged before.
// Source: specification of the streaming engine, section 17.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "base/result.h"
#include "diffusion/lora.h"

namespace headroom::diffusion {

/// A weight of the network that plays, and where its base comes from.
struct LoraTarget {
  at::Tensor* weight = nullptr;
  /// The weight as the checkpoint has it, in any dtype.
  std::function<at::Tensor()> base;
  /// Puts a merged weight, in the dtype of `weight`, where the network computes; empty: it stays
  /// where it was merged, in host memory.
  std::function<at::Tensor(const at::Tensor&)> place{};
};

/// One thread, that of the ring. Changes of strength only note which weights they touch;
/// merge_some() then merges them weight by weight, between ticks, so that no tick waits for all of
/// them. While some are not merged yet, the network plays with a mixture of old and new weights.
class LoraStack {
 public:
  explicit LoraStack(std::map<std::string, LoraTarget> targets) : targets_(std::move(targets)) {}

  /// What files are read against.
  LoraShapes shapes() const;

  /// Enables `lora` at a strength, or changes that of an enabled one (FIX-11b). `order` is its
  /// place in the catalogue. Refused, with nothing changed, for a strength that is not finite.
  Result<bool, LoraRefusal> enable(const std::string& id, std::size_t order, Lora lora,
                                   double strength);
  /// Refused unless it is enabled.
  Result<bool, LoraRefusal> set_strength(const std::string& id, double strength);
  /// Not enabled: nothing happens.
  void disable(const std::string& id);

  bool enabled(const std::string& id) const { return find(id) != nullptr; }
  double strength(const std::string& id) const;

  /// Merges at most `most` of the weights that are waiting, the longest waiting first; returns how
  /// many. Weights that no LoRA touches any more are the base itself again, not a copy.
  std::size_t merge_some(std::size_t most);
  std::size_t merge_all() { return merge_some(targets_.size()); }
  std::size_t waiting() const { return dirty_.size(); }

  /// The network was dropped and is bound anew. Everything that is enabled has to be merged again,
  /// unless what it was bound from was `merged` already.
  void rebind(std::map<std::string, LoraTarget> targets, bool merged = false);

  /// Whether something enabled changes that weight.
  bool touched(const std::string& target) const;
  /// What a weight of that base becomes under everything enabled, in the dtype of `base`.
  at::Tensor merged(const std::string& target, const at::Tensor& base) const;

  /// Grows whenever a weight of the network may have become another.
  std::uint64_t changes() const { return changes_; }

  /// Bytes that enabled LoRAs hold beside the network: factors and merged copies.
  std::uint64_t bytes() const;

 private:
  struct Entry {
    std::string id;
    std::size_t order;
    Lora lora;
    double strength;
  };

  const Entry* find(const std::string& id) const;
  void touch(const Lora& lora);
  std::map<std::string, LoraTarget> targets_;
  std::vector<Entry> entries_;      // in the order of the catalogue
  std::vector<std::string> dirty_;  // each once, the longest waiting first
  std::uint64_t changes_ = 0;
};

}  // namespace headroom::diffusion
