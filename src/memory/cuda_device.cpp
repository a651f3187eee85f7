#include "memory/cuda_device.h"

#include <algorithm>
#include <array>
#include <cuda_runtime_api.h>
#include <mutex>
#include <vector>

#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <fmt/format.h>

#include "memory/allocator_settings.h"

namespace headroom::memory {
namespace {

namespace allocator = c10::cuda::CUDACachingAllocator;

// Two halves: one is filled while the other travels.
constexpr std::int64_t kStagingBytes = 32 << 20;

constexpr size_t kAll = 0;  // StatType::AGGREGATE

struct Card {
  std::uint64_t free = 0;
  std::uint64_t total = 0;
};

Card driver_view(int index) {
  const c10::cuda::CUDAGuard guard(static_cast<c10::DeviceIndex>(index));
  size_t free = 0;
  size_t total = 0;
  C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
  return {free, total};
}

std::uint64_t bytes(std::int64_t value) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, value));
}

}  // namespace

struct CudaDevice::State {
  explicit State(int card) : index(card), device(at::kCUDA, static_cast<c10::DeviceIndex>(card)) {
    for (auto& half : staging)
      half = at::empty({kStagingBytes}, at::TensorOptions(at::kByte).pinned_memory(true));
  }

  int index;
  at::Device device;
  std::uint64_t capacity = 0;
  std::mutex copying;
  std::array<at::Tensor, 2> staging;
  std::array<at::cuda::CUDAEvent, 2> arrived;
};

CudaDevice::CudaDevice(CudaDeviceSettings settings) {
  use_expandable_segments();
  refused_as_ours("CUDA set-up", [&] {
    state_ = std::make_unique<State>(settings.index);
    (void)at::cuda::getCurrentCUDABlasHandle();
    const auto total = driver_view(settings.index).total;
    set_capacity(settings.capacity == 0 ? total : std::min(total, settings.capacity));
  });
}

CudaDevice::~CudaDevice() = default;

std::string CudaDevice::name() const {
  return fmt::format("{} (cuda:{})", at::cuda::getDeviceProperties(state_->index)->name,
                     state_->index);
}

at::Device CudaDevice::torch_device() const { return state_->device; }

DeviceUsage CudaDevice::usage() const {
  const auto stats = allocator::getDeviceStats(state_->index);
  const auto card = driver_view(state_->index);
  const auto reserved = bytes(stats.reserved_bytes[kAll].current);
  const auto held = card.total - card.free;
  DeviceUsage usage;
  usage.card = card.total;
  usage.capacity = state_->capacity;
  usage.used = bytes(stats.allocated_bytes[kAll].current);
  usage.reserved = reserved;
  usage.peak_used = bytes(stats.allocated_bytes[kAll].peak);
  usage.peak_reserved = bytes(stats.reserved_bytes[kAll].peak);
  // Our own context counts here as well: nobody can tell it from a stranger's.
  usage.others = held > reserved ? held - reserved : 0;
  return usage;
}

void CudaDevice::reset_peaks() { allocator::resetPeakStats(state_->index); }

std::uint64_t CudaDevice::trim() {
  const auto before = usage().reserved;
  allocator::emptyCache();
  const auto after = usage().reserved;
  return before > after ? before - after : 0;
}

std::uint64_t CudaDevice::set_capacity(std::uint64_t capacity) {
  const auto total = driver_view(state_->index).total;
  allocator::setMemoryFraction(
      std::min(1.0, static_cast<double>(capacity) / static_cast<double>(total)), state_->index);
  return std::exchange(state_->capacity, capacity);
}

at::Tensor CudaDevice::to_device(const at::Tensor& host, at::ScalarType dtype,
                                 std::string_view purpose) {
  return refused_as_ours(purpose, [&] {
    const std::lock_guard lock(state_->copying);
    const auto source = host.contiguous().view({-1});
    auto placed = at::empty(host.sizes(), at::TensorOptions(state_->device).dtype(dtype));
    const auto target = placed.view({-1});
    const auto width = static_cast<std::int64_t>(placed.element_size());
    const auto most = kStagingBytes / width;
    size_t half = 0;
    for (std::int64_t at = 0; at < source.size(0); at += most, half ^= 1) {
      const auto count = std::min(most, source.size(0) - at);
      state_->arrived[half].synchronize();
      const auto stage = state_->staging[half].narrow(0, 0, count * width).view(dtype);
      stage.copy_(source.narrow(0, at, count));
      target.narrow(0, at, count).copy_(stage, /*non_blocking=*/true);
      state_->arrived[half].record();
    }
    for (auto& event : state_->arrived) event.synchronize();
    return placed;
  });
}

at::Tensor CudaDevice::to_host(const at::Tensor& tensor) {
  return tensor.to(at::kCPU, /*non_blocking=*/false, /*copy=*/true).contiguous();
}

// Tensors say themselves where they live.
void CudaDevice::enter(std::string_view /*purpose*/) {}
void CudaDevice::leave() {}

}  // namespace headroom::memory
