// A small device with everything that stands on it, for tests of the memory floor.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ATen.h>

#include "memory/cpu_device.h"
#include "memory/executor.h"
#include "memory/residency.h"
#include "memory/separator_policy.h"
#include "memory/telemetry.h"

namespace headroom::memory {

inline constexpr std::uint64_t kMiB = 1 << 20;

/// Weights that are only their size: `parts` tensors of `bytes` / `parts`, filled with a number
/// that tells whether they are still what they were.
class TestWeights : public Placement {
 public:
  explicit TestWeights(std::uint64_t bytes, std::int64_t parts = 4)
      : source_(at::arange(static_cast<std::int64_t>(bytes) / parts / 4, at::kFloat)),
        parts_(parts) {}

  void restore(Device& device) override {
    if (fail_with) fail_with();
    try {
      for (std::int64_t i = 0; i < parts_; ++i)
        placed_.push_back(device.to_device(source_, at::kFloat, "weights"));
    } catch (...) {
      placed_.clear();
      throw;
    }
  }
  void drop() noexcept override { placed_.clear(); }

  bool intact() const {
    if (placed_.size() != static_cast<size_t>(parts_)) return false;
    return placed_.back().equal(source_);
  }

  std::function<void()> fail_with;

 private:
  at::Tensor source_;
  std::int64_t parts_;
  std::vector<at::Tensor> placed_;
};

/// Time that stands still until it is told otherwise.
struct TestClock {
  std::shared_ptr<std::chrono::steady_clock::time_point> now =
      std::make_shared<std::chrono::steady_clock::time_point>(std::chrono::hours(1));
  Clock clock() const {
    return [now = now] { return *now; };
  }
  void pass(std::chrono::milliseconds time) const { *now += time; }
};

/// Device, ledger and five components: decoder 16 MiB and vae (stream), text 12 and encoder 8
/// (conditioning), separator 12.
struct Stand {
  explicit Stand(std::uint64_t budget = 64 * kMiB, ResidencySettings more = {},
                 std::uint64_t card = 0, bool expandable = true)
      : device({.capacity = budget, .card = card, .expandable = expandable}),
        telemetry(time.clock()),
        ledger(budget, record_leases(telemetry, device)),
        residency(device, ledger, telemetry,
                  {.budget = budget, .leave_free = more.leave_free, .slack = more.slack}),
        decoder(add("decoder", ComponentGroup::stream, 16)),
        vae(add("vae_decoder", ComponentGroup::stream, 4)),
        text(add("text_encoder", ComponentGroup::conditioning, 12)),
        encoder(add("vae_encoder", ComponentGroup::conditioning, 8)),
        separator(add("separator", ComponentGroup::separator, 12)) {}

  Component& add(const std::string& name, ComponentGroup group, std::uint64_t mib) {
    auto weights = std::make_unique<TestWeights>(mib * kMiB);
    placements.push_back(weights.get());
    return residency.add(name, group, mib * kMiB, std::move(weights));
  }

  /// Runs nothing, but makes `needs` resident with this much workspace for a moment.
  Result<Grant, Shortfall> admit(std::vector<Component*> needs, std::uint64_t mib = 0,
                                 const std::string& owner = "test") {
    return residency.admit(needs, mib * kMiB, owner);
  }

  std::string residents() const {
    std::string names;
    for (const auto& component : residency.components()) {
      if (component->resident()) names += (names.empty() ? "" : " ") + component->name();
    }
    return names;
  }

  std::vector<std::string> phases() const {
    std::vector<std::string> phases;
    for (const auto& event : telemetry.recent()) {
      if (event.what == "stems_vram") phases.push_back(event.purpose);
    }
    return phases;
  }

  /// Empty when every book agrees: leases cover what tensors use, the pool's invariants hold, and
  /// no bound was exceeded.
  std::string check() const {
    if (device.usage().used > ledger.leased()) return "tensors use more than is leased";
    if (ledger.leased() > ledger.budget()) return "more is leased than the budget";
    if (telemetry.counts().contains("defect")) return "a bound was exceeded";
    return device.check();
  }

  TestClock time;
  CpuDevice device;
  Telemetry telemetry;
  Ledger ledger;
  Residency residency;
  std::vector<TestWeights*> placements;
  Component& decoder;
  Component& vae;
  Component& text;
  Component& encoder;
  Component& separator;
};

/// A task of `count` equal steps that allocate `workspace` of their chunk.
class TestTask : public Task {
 public:
  TestTask(TaskInfo info, Step step, std::int64_t count,
           std::function<void(const StepContext&)> body = {})
      : info_(std::move(info)), step_(std::move(step)), left_(count), body_(std::move(body)) {}

  const TaskInfo& info() const override { return info_; }
  std::optional<Step> next() override {
    if (left_ == 0) return std::nullopt;
    return step_;
  }
  void run(const StepContext& context) override {
    chunks.push_back(context.chunk);
    const DeviceScope scope(context.device, step_.name);
    for (const auto& choice : step_.choices) {
      if (choice.size == context.chunk && choice.workspace > 0)
        (void)at::empty({static_cast<std::int64_t>(choice.workspace)}, at::kByte);
    }
    if (body_) body_(context);
    --left_;
  }
  void ended(std::exception_ptr error) override {
    if (on_end) on_end(error);
  }

  std::vector<std::int64_t> chunks;
  std::function<void(std::exception_ptr)> on_end;

 private:
  TaskInfo info_;
  Step step_;
  std::int64_t left_;
  std::function<void(const StepContext&)> body_;
};

}  // namespace headroom::memory
