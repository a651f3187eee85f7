// The CPU as a device with a budget: a real device for machines without a GPU, and the test bench
// for those with one. Tensors made inside a DeviceScope come from a CachingPool beneath ATen's own
// CPU allocator, so the real networks run against its cap; everything else (mapped weights, audio,
// staging) is host memory and does not count. The pool pays on the CPU as well: with the system's
// allocator libtorch spends a third of a separator run in the kernel, faulting the same pages again
// and again.
#pragma once

#include <memory>

#include "memory/caching_pool.h"
#include "memory/device.h"
#include "memory/fault_plan.h"

namespace headroom::memory {

struct CpuDeviceSettings {
  std::uint64_t capacity = 0;
  std::uint64_t card = 0;  // 0: as much as the capacity
  bool expandable = true;
};

/// What oneDNN and OpenBLAS allocate inside their calls does not pass through ATen and is not seen.
class CpuDevice : public Device {
 public:
  explicit CpuDevice(CpuDeviceSettings settings);
  /// Tensors of the device must be gone.
  ~CpuDevice() override;

  std::string name() const override;
  at::Device torch_device() const override { return at::kCPU; }
  DeviceUsage usage() const override;
  void reset_peaks() override;
  std::uint64_t trim() override;
  std::uint64_t set_capacity(std::uint64_t bytes) override;
  at::Tensor to_device(const at::Tensor& host, at::ScalarType dtype,
                       std::string_view purpose) override;
  at::Tensor to_host(const at::Tensor& tensor) override;
  void enter(std::string_view purpose) override;
  void leave() override;

  /// Failures to order, for tests. Beside allocations, to_device() asks for "pinned staging" as a
  /// card's copy does, and fails when told to.
  FaultInjector& faults();

  /// Another program on the same card takes (or returns) this much: it counts against the capacity
  /// as a card's memory does. False when so much is not there.
  bool tenant_takes(std::uint64_t bytes);
  void tenant_returns(std::uint64_t bytes);

  /// The pool's invariants, for tests: empty when all hold.
  std::string check() const;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace headroom::memory
