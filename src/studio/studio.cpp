#include "studio/studio.h"

#include <algorithm>
#include <unistd.h>

#ifdef HEADROOM_CUDA
#include <ATen/cuda/CUDAContext.h>

#include "memory/cuda_device.h"
#endif

namespace headroom::studio {
namespace {

std::uint64_t machine_memory() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::unique_ptr<memory::Device> open_device(std::uint64_t memory, bool expandable) {
#ifdef HEADROOM_CUDA
  if (at::cuda::is_available())
    return std::make_unique<memory::CudaDevice>(memory::CudaDeviceSettings{0, memory});
#endif
  return std::make_unique<memory::CpuDevice>(memory::CpuDeviceSettings{
      .capacity = memory == 0 ? machine_memory() : memory, .card = 0, .expandable = expandable});
}

Studio::Studio(const ModelFolder& folder, StudioSettings settings)
    : folder_(folder),
      settings_(std::move(settings)),
      device_(open_device(settings_.memory, settings_.expandable)),
      telemetry_(settings_.executor.clock) {
  const auto budget = device_->usage().capacity;
  ledger_.emplace(budget, memory::record_leases(telemetry_, *device_));
  residency_.emplace(*device_, *ledger_, telemetry_,
                     memory::ResidencySettings{.budget = budget,
                                               .leave_free = settings_.leave_free,
                                               .slack = memory::pool_slack(budget)});
  residency_->set_exclusive(settings_.separator.park == memory::SeparatorPark::always);
  const bool gpu = !device_->torch_device().is_cpu();
  const auto precision = settings_.precision.value_or(gpu ? Precision::bf16 : Precision::fp32);
  networks_.emplace(*residency_, folder, precision,
                    NetworkChoice{settings_.parts, settings_.separator.keep_in_memory});
  if (settings_.parts == ModelParts::all) checkpoint_ = folder.identity();
  if (settings_.parts == ModelParts::all) loras_.emplace(*networks_, folder);
  ensemble_.emplace(*networks_, loras_ ? &*loras_ : nullptr);
  executor_.emplace(*residency_, settings_.executor);
}

// The executor first: its last steps may still park.
Studio::~Studio() { executor_.reset(); }

const BpeTokenizer& Studio::tokenizer() {
  const std::scoped_lock lock(data_mutex_);
  if (!tokenizer_) tokenizer_.emplace(folder_.load_text_tokenizer());
  return *tokenizer_;
}

std::optional<std::string> Studio::checkpoint_scale() const {
  // The published sizes by the transformer's width: 2048 and 2560.
  switch (networks_->configs().dit.decoder.hidden) {
    case 2048:
      return "2B";
    case 2560:
      return "5B";
    default:
      return std::nullopt;
  }
}

const at::Tensor& Studio::null_condition() {
  const std::scoped_lock lock(data_mutex_);
  if (!null_condition_.defined()) null_condition_ = folder_.load_null_condition();
  return null_condition_;
}

const at::Tensor& Studio::silence() {
  const std::scoped_lock lock(data_mutex_);
  if (!silence_.defined()) silence_ = folder_.load_silence();
  return silence_;
}

}  // namespace headroom::studio
