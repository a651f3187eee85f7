// What an accelerator can hold, and the one seam through which everything that a device can refuse
// is asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include "base/error.h"

namespace headroom::memory {

/// The device refused an allocation, after trimming its pool. An ordinary event for the executor,
/// which makes room or a smaller plan; a user sees it only when nothing helped.
class OutOfDeviceMemory : public Error {
 public:
  OutOfDeviceMemory(std::string_view purpose, std::uint64_t asked, std::uint64_t free);

  std::uint64_t asked() const { return asked_; }
  /// What the cap left when the request was refused, unused parts of the pool included.
  std::uint64_t free() const { return free_; }

 private:
  std::uint64_t asked_;
  std::uint64_t free_;
};

/// All in bytes.
struct DeviceUsage {
  std::uint64_t card = 0;      // all there is, ours or not
  std::uint64_t capacity = 0;  // the process's cap: `reserved` stays below it
  std::uint64_t used = 0;      // held by tensors
  std::uint64_t reserved = 0;  // held by the pool, used or not
  std::uint64_t peak_used = 0;
  std::uint64_t peak_reserved = 0;
  std::uint64_t largest_free = 0;  // the largest request that needs no new memory
  std::uint64_t others = 0;        // held on the card by other programs

  std::uint64_t idle() const { return reserved - used; }
};

/// Thread-safe. One object per card (or budgeted CPU) and process.
class Device {
 public:
  virtual ~Device() = default;

  virtual std::string name() const = 0;
  /// Where tensors of this device live for ATen.
  virtual at::Device torch_device() const = 0;
  virtual DeviceUsage usage() const = 0;
  virtual void reset_peaks() = 0;
  /// Gives what the pool holds and nobody uses back to the system; returns how much. Never beside
  /// realtime work: on a card it waits for everything that is in flight.
  virtual std::uint64_t trim() = 0;
  /// The hard cap of the process; returns the previous one.
  virtual std::uint64_t set_capacity(std::uint64_t bytes) = 0;

  /// A copy of `host` on the device, contiguous and in `dtype`: what a resident weight is. On a
  /// card it goes through pinned staging memory; the copy is complete when this returns. `purpose`
  /// as of a DeviceScope.
  virtual at::Tensor to_device(const at::Tensor& host, at::ScalarType dtype,
                               std::string_view purpose) = 0;
  /// A copy in host memory, which does not count, from wherever it is called.
  virtual at::Tensor to_host(const at::Tensor& tensor) = 0;

  /// Enter and leave: what this thread allocates with ATen in between belongs to the device.
  /// Use DeviceScope.
  virtual void enter(std::string_view purpose) = 0;
  virtual void leave() = 0;
};

/// Runs `work`; a refusal in libtorch's words becomes ours.
template <class Work>
auto refused_as_ours(std::string_view purpose, Work&& work) {
  try {
    return work();
  } catch (const c10::OutOfMemoryError& error) {
    throw OutOfDeviceMemory(purpose, 0, 0);
  }
}

/// Allocations of this thread go to `device` while it lives, marked with `purpose`. Scopes nest;
/// the innermost counts. `purpose` must outlive the scope. Tensors may outlive it: their memory
/// goes back to the device they came from, from whichever thread frees them.
class DeviceScope {
 public:
  DeviceScope(Device& device, std::string_view purpose) : device_(device) {
    device_.enter(purpose);
  }
  ~DeviceScope() { device_.leave(); }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;

 private:
  Device& device_;
};

}  // namespace headroom::memory
