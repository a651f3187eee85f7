// What a user asks for, as tasks of the executor: each runs one chunk at a time and keeps its
// inputs and results in host memory, so that between two chunks nothing of it is on the device.
//
// A task may be given to Executor::run(), which waits, or made by make_unique and submitted;
// results are read when it is done. Settings and inputs are checked by the constructors, which
// throw Error(usage).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <ATen/ATen.h>

#include "base/progress.h"
#include "memory/separator_policy.h"
#include "memory/task.h"
#include "models/dit.h"
#include "studio/chunks.h"
#include "studio/networks.h"
#include "studio/prompt.h"
#include "studio/separation.h"
#include "studio/steps.h"

namespace headroom::studio {

/// Audio [channels, n] fp32 at the VAE's rate → one latent sample [1, T, C], T = ⌈n / hop⌉. The
/// result does not depend on the chunks but for rounding, and the noise not at all.
class EncodeTask : public memory::Task {
 public:
  EncodeTask(const Networks& networks, memory::TaskInfo info, at::Tensor audio, std::uint64_t seed,
             Progress& progress = no_progress());
  const memory::TaskInfo& info() const override { return info_; }
  std::optional<memory::Step> next() override;
  void run(const memory::StepContext& context) override;

  /// Once it is done.
  const at::Tensor& moments() const { return moments_; }
  at::Tensor latents() const;

 private:
  const Networks& networks_;
  memory::TaskInfo info_;
  at::Tensor audio_;
  std::uint64_t seed_;
  Progress& progress_;
  std::int64_t frames_;
  std::int64_t done_ = 0;
  at::Tensor moments_;
};

/// Source latents [1, T, C] → semantic hints [1, T, C].
class HintsTask : public memory::Task {
 public:
  HintsTask(const Networks& networks, memory::TaskInfo info, const at::Tensor& source,
            const at::Tensor& silence, Progress& progress = no_progress());
  const memory::TaskInfo& info() const override { return info_; }
  std::optional<memory::Step> next() override;
  void run(const memory::StepContext& context) override;
  at::Tensor hints() const;

 private:
  const Networks& networks_;
  memory::TaskInfo info_;
  std::int64_t frames_;
  at::Tensor source_;  // filled to whole tokens
  Progress& progress_;
  std::int64_t done_ = 0;
  at::Tensor hints_;
};

/// A prompt and a timbre reference [1, frames, C] → condition states [1, L, H] in host memory: text
/// encoder, then condition encoder.
class ConditionTask : public memory::Task {
 public:
  ConditionTask(const Networks& networks, const BpeTokenizer& tokenizer, memory::TaskInfo info,
                const Prompt& prompt, at::Tensor timbre);
  const memory::TaskInfo& info() const override { return info_; }
  std::optional<memory::Step> next() override;
  void run(const memory::StepContext& context) override;
  const at::Tensor& states() const { return states_; }

 private:
  const Networks& networks_;
  memory::TaskInfo info_;
  at::Tensor text_ids_, lyric_ids_, timbre_;
  at::Tensor text_, lyrics_, states_;
};

/// One step with the diffusion transformer at `frames`, with conditions of up to `rows`: a tick of
/// a ring, or a velocity. `body` runs inside a DeviceScope; what it keeps on the device must be
/// leased.
class TickTask : public memory::Task {
 public:
  using Body = std::function<void(const models::Dit& dit, memory::Device& device)>;
  TickTask(const Networks& networks, memory::TaskInfo info, std::int64_t frames, std::int64_t rows,
           Body body);
  const memory::TaskInfo& info() const override { return info_; }
  std::optional<memory::Step> next() override;
  void run(const memory::StepContext& context) override;

 private:
  const Networks& networks_;
  memory::TaskInfo info_;
  std::int64_t frames_;
  std::int64_t rows_;
  Body body_;
  bool done_ = false;
};

/// Latents [1, T, C] → audio, in order: `emit` gets [channels, m] blocks on the executor's thread.
class DecodeTask : public memory::Task {
 public:
  DecodeTask(const Networks& networks, memory::TaskInfo info, at::Tensor latents,
             std::function<void(const at::Tensor&)> emit, Progress& progress = no_progress());
  const memory::TaskInfo& info() const override { return info_; }
  std::optional<memory::Step> next() override;
  void run(const memory::StepContext& context) override;

 private:
  const Networks& networks_;
  memory::TaskInfo info_;
  at::Tensor latents_;
  std::function<void(const at::Tensor&)> emit_;
  Progress& progress_;
  std::int64_t done_ = 0;
};

/// One playback window of latents [1, T, C] → audio [channels, m].
class WindowTask : public memory::Task {
 public:
  WindowTask(const Networks& networks, memory::TaskInfo info, at::Tensor latents, Window window);
  const memory::TaskInfo& info() const override { return info_; }
  std::optional<memory::Step> next() override;
  void run(const memory::StepContext& context) override;
  const at::Tensor& audio() const { return audio_; }

 private:
  const Networks& networks_;
  memory::TaskInfo info_;
  at::Tensor latents_;
  Window window_;
  at::Tensor audio_;
};

/// Stems of audio [c, n] at `rate` Hz; `sink` as of Separation, on the executor's thread. The
/// separator comes under the policy and leaves however the task ends.
class SeparateTask : public memory::Task {
 public:
  SeparateTask(memory::Residency& residency, const Networks& networks, memory::TaskInfo info,
               memory::SeparatorPolicy policy, const at::Tensor& audio, int rate, StemSink sink,
               Progress& progress = no_progress());
  const memory::TaskInfo& info() const override { return info_; }
  std::optional<memory::Step> next() override;
  void run(const memory::StepContext& context) override;
  void ended(std::exception_ptr error) override;

 private:
  memory::Residency& residency_;
  const Networks& networks_;
  memory::TaskInfo info_;
  memory::SeparatorPolicy policy_;
  Separation separation_;
  std::optional<memory::SeparatorStay> stay_;
};

}  // namespace headroom::studio
