// A CUDA card as a Device: libtorch's caching allocator with a hard cap for the process.
// Compiled with HEADROOM_CUDA, against a PyTorch that was built with CUDA.
#pragma once

#include <memory>

#include "memory/device.h"

namespace headroom::memory {

struct CudaDeviceSettings {
  int index = 0;
  std::uint64_t capacity = 0;  // of the process; 0: all of the card
};

/// Set-up asks for everything that the driver can refuse later as well: context, library handles,
/// staging memory and events are made by the constructor, which throws OutOfDeviceMemory when one
/// of them is refused.
class CudaDevice : public Device {
 public:
  explicit CudaDevice(CudaDeviceSettings settings);
  ~CudaDevice() override;

  std::string name() const override;
  at::Device torch_device() const override;
  DeviceUsage usage() const override;
  void reset_peaks() override;
  std::uint64_t trim() override;
  std::uint64_t set_capacity(std::uint64_t bytes) override;
  at::Tensor to_device(const at::Tensor& host, at::ScalarType dtype,
                       std::string_view purpose) override;
  at::Tensor to_host(const at::Tensor& tensor) override;
  void enter(std::string_view purpose) override;
  void leave() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace headroom::memory
