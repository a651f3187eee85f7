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
#include "studio/chunks.h"
#include "studio/networks.h"
#include "studio/prompt.h"
#include "studio/separation.h"
#include "studio/steps.h"

namespace headroom::studio {

/// The first frames of a track, encoded.
struct EncodedStart {
  at::Tensor moments;  // [1, 2C, frames] fp32 in host memory; undefined: nothing yet
  std::int64_t frames = 0;
  /// Samples that they were made of, context included.
  std::int64_t samples(std::int64_t hop) const {
    return frames == 0 ? 0 : (frames + kEncodeMargin) * hop;
  }
};

/// Audio [channels, n] fp32 at the VAE's rate → one latent sample [1, T, C], T = ⌈n / hop⌉. The
/// result does not depend on the chunks but for rounding, and the noise not at all.
///
/// A track that is still arriving is encoded by several of these, each going on from the `start` of
/// the one before with more audio; all but the last know that there is more to come, and do only
/// chunks that the whole track would have as well. So the chunks, and the bits, are those of one
/// task for the whole.
class EncodeTask : public memory::Task {
 public:
  enum class End { here, to_come };
  EncodeTask(const Networks& networks, memory::TaskInfo info, at::Tensor audio, std::uint64_t seed,
             Progress& progress = no_progress(), EncodedStart start = {}, End end = End::here);
  const memory::TaskInfo& info() const override { return info_; }
  std::optional<memory::Step> next() override;
  void run(const memory::StepContext& context) override;

  /// What is encoded by now, also of a task that was stopped between two chunks.
  const EncodedStart& encoded() const { return encoded_; }
  /// Once it is done, with the end here.
  const at::Tensor& moments() const { return encoded_.moments; }
  at::Tensor latents() const;

 private:
  const Networks& networks_;
  memory::TaskInfo info_;
  at::Tensor audio_;
  std::uint64_t seed_;
  Progress& progress_;
  EncodedStart encoded_;
  End end_;
  std::int64_t frames_;
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
