#include "memory/cpu_device.h"

#include <algorithm>
#include <mutex>
#include <sys/mman.h>
#include <unordered_map>
#include <vector>

#include <c10/core/CPUAllocator.h>
#include <fmt/format.h>

#include "base/text.h"

namespace headroom::memory {

OutOfDeviceMemory::OutOfDeviceMemory(std::string_view purpose, std::uint64_t asked,
                                     std::uint64_t free)
    : Error(ErrorKind::memory, fmt::format("{}: {} were asked for and {} are free",
                                           purpose.empty() ? "device memory" : purpose,
                                           human_bytes(asked), human_bytes(free))),
      asked_(asked),
      free_(free) {}

namespace {

class MappedMemory : public SegmentSource {
 public:
  std::byte* map(std::uint64_t bytes) override { return mapping(bytes, PROT_READ | PROT_WRITE); }
  void unmap(std::byte* begin, std::uint64_t bytes) override { ::munmap(begin, bytes); }
  std::byte* reserve(std::uint64_t bytes) override { return mapping(bytes, PROT_NONE); }
  bool commit(std::byte* begin, std::uint64_t bytes) override {
    if (::mprotect(begin, bytes, PROT_READ | PROT_WRITE) != 0) return false;
    // Large pages: a restored component is hundreds of thousands of small ones.
    ::madvise(begin, bytes, MADV_HUGEPAGE);
    return true;
  }
  void decommit(std::byte* begin, std::uint64_t bytes) override {
    // Drops the pages for good; a later commit() finds zeros.
    ::madvise(begin, bytes, MADV_DONTNEED);
    ::mprotect(begin, bytes, PROT_NONE);
  }
  void release(std::byte* begin, std::uint64_t bytes) override { ::munmap(begin, bytes); }

 private:
  static std::byte* mapping(std::uint64_t bytes, int protection) {
    void* begin =
        ::mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return begin == MAP_FAILED ? nullptr : static_cast<std::byte*>(begin);
  }
};

}  // namespace

struct CpuDevice::State : std::enable_shared_from_this<CpuDevice::State> {
  explicit State(CpuDeviceSettings settings)
      : capacity(settings.capacity),
        card(std::max(settings.card, settings.capacity)),
        pool(source, {.cap = settings.capacity, .expandable = settings.expandable}) {}

  mutable std::mutex mutex;
  MappedMemory source;
  std::uint64_t capacity;
  std::uint64_t card;
  std::uint64_t tenant = 0;
  CachingPool pool;
  FaultInjector faults;

  std::uint64_t room() const { return std::min(capacity, card > tenant ? card - tenant : 0); }

  std::byte* allocate(std::uint64_t bytes, std::string_view purpose) {
    const bool fault = faults.fails(purpose);
    const std::lock_guard lock(mutex);
    auto* block = fault ? nullptr : pool.allocate(bytes);
    if (block == nullptr) {
      const auto used = pool.stats().used;
      throw OutOfDeviceMemory(purpose, bytes, room() > used ? room() - used : 0);
    }
    return block;
  }

  void free(std::byte* block) {
    std::uint64_t bytes = 0;
    {
      const std::lock_guard lock(mutex);
      bytes = pool.free(block);
    }
    faults.freed(bytes);
  }
};

namespace {

struct Scope {
  CpuDevice::State* device;  // null: host memory
  std::string_view purpose;
};

// Which device this thread allocates from. The one thread-local of the floor: ATen's allocator is
// asked without any argument that could carry it.
std::vector<Scope>& scopes() {
  thread_local std::vector<Scope> stack;
  return stack;
}

// Who gave a block. libtorch wants a tensor's memory and what frees it to be one pointer (oneDNN
// frees by address alone), so the way back to the device is looked up. A block keeps its device's
// pool alive.
class Owners {
 public:
  void add(void* block, std::shared_ptr<CpuDevice::State> device) {
    const std::lock_guard lock(mutex_);
    devices_.emplace(block, std::move(device));
  }
  /// Null for host memory.
  std::shared_ptr<CpuDevice::State> take(void* block) {
    const std::lock_guard lock(mutex_);
    const auto found = devices_.find(block);
    if (found == devices_.end()) return nullptr;
    auto device = std::move(found->second);
    devices_.erase(found);
    return device;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<void*, std::shared_ptr<CpuDevice::State>> devices_;
};

// One per process and never destroyed, as the allocator: tensors may outlive everything.
Owners& owners() {
  static auto* all = new Owners;
  return *all;
}

c10::Allocator* host_allocator() {
  static c10::Allocator* host = c10::GetCPUAllocator();
  return host;
}

void give_back(void* block) {
  if (const auto device = owners().take(block)) return device->free(static_cast<std::byte*>(block));
  host_allocator()->raw_deleter()(block);
}

// Stands beneath ATen: device memory inside a scope, ATen's own allocator outside.
class ScopedAllocator : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) const override {
    if (scopes().empty() || scopes().back().device == nullptr || bytes == 0)
      return host_allocator()->allocate(bytes);
    const auto [device, purpose] = scopes().back();
    auto* block = device->allocate(bytes, purpose);
    owners().add(block, device->shared_from_this());
    return {block, block, &give_back, at::kCPU};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &give_back; }
};

void install_allocator() {
  // Above ATen's own default; once per process and for good, because tensors may outlive any
  // device.
  constexpr std::uint8_t priority = 10;
  (void)host_allocator();
  static ScopedAllocator allocator;
  static const bool installed = [] {
    c10::SetCPUAllocator(&allocator, priority);
    return true;
  }();
  (void)installed;
}

}  // namespace

CpuDevice::CpuDevice(CpuDeviceSettings settings) : state_(std::make_shared<State>(settings)) {
  install_allocator();
}

CpuDevice::~CpuDevice() = default;

std::string CpuDevice::name() const { return "CPU"; }

DeviceUsage CpuDevice::usage() const {
  const std::lock_guard lock(state_->mutex);
  const auto stats = state_->pool.stats();
  return {.card = state_->card,
          .capacity = state_->capacity,
          .used = stats.used,
          .reserved = stats.reserved,
          .peak_used = stats.peak_used,
          .peak_reserved = stats.peak_reserved,
          .largest_free = stats.largest_free,
          .others = state_->tenant};
}

void CpuDevice::reset_peaks() {
  const std::lock_guard lock(state_->mutex);
  state_->pool.reset_peaks();
}

std::uint64_t CpuDevice::trim() {
  const std::lock_guard lock(state_->mutex);
  return state_->pool.trim();
}

std::uint64_t CpuDevice::set_capacity(std::uint64_t bytes) {
  const std::lock_guard lock(state_->mutex);
  const auto previous = std::exchange(state_->capacity, bytes);
  state_->pool.set_cap(state_->room());
  return previous;
}

at::Tensor CpuDevice::to_device(const at::Tensor& host, at::ScalarType dtype,
                                std::string_view purpose) {
  if (state_->faults.fails("pinned staging")) {
    const auto used = usage();
    throw OutOfDeviceMemory("pinned staging", host.nbytes(), used.capacity - used.used);
  }
  const DeviceScope scope(*this, purpose);
  return host.to(host.options().dtype(dtype), /*non_blocking=*/false, /*copy=*/true,
                 at::MemoryFormat::Contiguous);
}

at::Tensor CpuDevice::to_host(const at::Tensor& tensor) {
  scopes().push_back({nullptr, ""});
  try {
    auto copy = tensor.clone(at::MemoryFormat::Contiguous);
    scopes().pop_back();
    return copy;
  } catch (...) {
    scopes().pop_back();
    throw;
  }
}

void CpuDevice::enter(std::string_view purpose) { scopes().push_back({state_.get(), purpose}); }

void CpuDevice::leave() { scopes().pop_back(); }

FaultInjector& CpuDevice::faults() { return state_->faults; }

bool CpuDevice::tenant_takes(std::uint64_t bytes) {
  const std::lock_guard lock(state_->mutex);
  if (state_->pool.stats().reserved + state_->tenant + bytes > state_->card) return false;
  state_->tenant += bytes;
  state_->pool.set_cap(state_->room());
  return true;
}

void CpuDevice::tenant_returns(std::uint64_t bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->tenant -= std::min(state_->tenant, bytes);
  state_->pool.set_cap(state_->room());
}

std::string CpuDevice::check() const {
  const std::lock_guard lock(state_->mutex);
  return state_->pool.check();
}

}  // namespace headroom::memory
