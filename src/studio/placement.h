// How a network becomes a component: bound onto the device when it is restored, dropped when it is
// parked, and measured before it ever comes.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <ATen/ATen.h>

#include "memory/caching_pool.h"
#include "memory/component.h"
#include "tensor/weights.h"

namespace headroom::studio {

/// Copies every parameter to the device.
class DevicePlacer : public Placer {
 public:
  /// `keep_narrow`: 16-bit parameters stay so where fp32 is wanted, and are widened when used.
  DevicePlacer(memory::Device& device, std::string purpose, bool keep_narrow)
      : device_(device), purpose_(std::move(purpose)), keep_narrow_(keep_narrow) {}
  at::Tensor place(const at::Tensor& host, at::ScalarType dtype, bool exact) override;

 private:
  memory::Device& device_;
  std::string purpose_;
  bool keep_narrow_;
};

/// Adds up what parameters would take on a device, and makes none of them.
class CountingPlacer : public Placer {
 public:
  explicit CountingPlacer(bool keep_narrow) : keep_narrow_(keep_narrow) {}
  at::Tensor place(const at::Tensor& host, at::ScalarType dtype, bool exact) override;
  std::uint64_t bytes() const { return bytes_; }

 private:
  bool keep_narrow_;
  std::uint64_t bytes_ = 0;
};

/// The dtype that a parameter is placed in: `wanted`, or its own when that is narrower and is kept.
at::ScalarType placed_dtype(at::ScalarType stored, at::ScalarType wanted, bool keep_narrow);

/// Binds a network with a placer; called anew for each restore.
template <class Network>
using Binder = std::function<Network(Placer&)>;

/// The executor's thread alone.
template <class Network>
class NetworkPlacement : public memory::Placement {
 public:
  NetworkPlacement(Binder<Network> bind, std::string name, bool keep_narrow)
      : bind_(std::move(bind)), name_(std::move(name)), keep_narrow_(keep_narrow) {}

  void restore(memory::Device& device) override {
    DevicePlacer placer(device, name_, keep_narrow_);
    network_.emplace(bind_(placer));
    if (restored) restored(*network_, device);
  }
  void drop() noexcept override { network_.reset(); }

  /// Called with the network whenever it was bound.
  std::function<void(Network&, memory::Device&)> restored;

  /// Only while the component is in use.
  const Network& network() const { return network_.value(); }

 private:
  Binder<Network> bind_;
  std::string name_;
  bool keep_narrow_;
  std::optional<Network> network_;
};

}  // namespace headroom::studio
