// The device with everything that stands on it: ledger, residency, networks, executor. One per
// device and process; commands, sessions and uploads share it.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "memory/cpu_device.h"
#include "memory/executor.h"
#include "memory/separator_policy.h"
#include "studio/ensemble.h"
#include "studio/loras.h"
#include "studio/model_folder.h"
#include "studio/networks.h"

namespace headroom::studio {

struct StudioSettings {
  /// Ours at most; 0: all that the device has. On the CPU that is the machine's memory.
  std::uint64_t memory = 0;
  /// Kept for other programs on the card.
  std::uint64_t leave_free = 0;
  /// Default: bf16 on a GPU, fp32 on the CPU.
  std::optional<Precision> precision;
  memory::SeparatorPolicy separator;
  /// What of the model is used; the rest need not be there.
  ModelParts parts = ModelParts::all;
  /// The pool's segments grow and shrink; without, they are fixed blocks as of older frameworks.
  bool expandable = true;
  memory::ExecutorSettings executor;
};

class Studio {
 public:
  /// Throws Error(checkpoint) for a model that cannot be used, Error(memory) for a budget that
  /// holds less than its smallest step.
  Studio(const ModelFolder& folder, StudioSettings settings = {});
  ~Studio();

  memory::Device& device() { return *device_; }
  memory::Telemetry& telemetry() { return telemetry_; }
  memory::Ledger& ledger() { return *ledger_; }
  memory::Residency& residency() { return *residency_; }
  memory::Executor& executor() { return *executor_; }
  const Networks& networks() const { return *networks_; }
  Networks& networks() { return *networks_; }
  const StudioSettings& settings() const { return settings_; }

  /// The model's name ("acestep-v15-turbo"), its scale ("2B", "5B"; nothing for others), and what
  /// cached latents are known by.
  std::string checkpoint_name() const { return folder_.name(); }
  double shift() const { return folder_.shift(); }
  std::optional<std::string> checkpoint_scale() const;
  const std::string& checkpoint() const { return checkpoint_; }

  /// What of a model is data and no network; read when it is first asked for. Any thread.
  const BpeTokenizer& tokenizer();
  /// Latents of silence [1, frames, C], in host memory.
  const at::Tensor& silence();
  /// The embedding that stands for "no condition" [1, 1, width], in host memory.
  const at::Tensor& null_condition();
  /// Executor's thread.
  Loras& loras() { return *loras_; }
  Ensemble& ensemble() { return *ensemble_; }

 private:
  ModelFolder folder_;
  std::string checkpoint_;
  StudioSettings settings_;
  std::unique_ptr<memory::Device> device_;
  memory::Telemetry telemetry_;
  std::optional<memory::Ledger> ledger_;
  std::optional<memory::Residency> residency_;
  std::optional<Networks> networks_;
  std::optional<Loras> loras_;  // with the diffusion transformer
  std::optional<Ensemble> ensemble_;
  std::mutex data_mutex_;
  std::optional<BpeTokenizer> tokenizer_;
  at::Tensor silence_;
  at::Tensor null_condition_;
  std::optional<memory::Executor> executor_;
};

/// The device that this build and machine have: the first CUDA card, or the CPU. `memory` 0: all of
/// it.
std::unique_ptr<memory::Device> open_device(std::uint64_t memory, bool expandable);

}  // namespace headroom::studio
