// Sessions that play at once, on one transformer. Ticks that are due at the same moment are one
// step of the device: the rows of all their rings go through one call of the network.
//
// Whose ticks are due: those that wait for the executor when one of them gets its turn, of the same
// priority. Nobody waits for a session that is not due, and nobody's turn comes later than without
// company: the others' ticks would have been next. LoRAs are merged into the one set of weights, so
// all sessions have the same.
//
// Rows are computed one after the other (diffusion/dit_denoiser.h says why), so company changes no
// bits and takes no more workspace than its largest member. Company that the device refuses, for
// that or any other reason, is given up: who has the turn is served alone, the others have theirs.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "diffusion/dit_denoiser.h"
#include "diffusion/ring.h"
#include "memory/task.h"
#include "studio/networks.h"

namespace headroom::studio {

class Loras;
class Tick;

/// One per studio. Executor's thread, but for what Tick does with it.
class Ensemble {
 public:
  /// `loras` may be null: a model without them. Both outlive it.
  Ensemble(const Networks& networks, Loras* loras) : networks_(networks), loras_(loras) {}

  /// The network as the rings of sessions see it.
  diffusion::DitDenoiser& denoiser() { return denoiser_; }

  /// A ring's place among the others, for as long as its plan stands: what its conditions need when
  /// they are prepared belongs to that plan's lease.
  class Seat {
   public:
    explicit Seat(Ensemble& ensemble);
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

   private:
    Ensemble& ensemble_;
  };

  /// Calls of the network, and ticks that were served by them.
  struct Counts {
    std::uint64_t calls = 0;
    std::uint64_t ticks = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  friend class Tick;

  void add(Tick& tick);
  void remove(Tick& tick);
  memory::Step step_of(Tick& lead);
  void play(const memory::StepContext& context);
  void together(memory::Device& device);
  bool begin(Tick& tick, bool leads);
  void end(Tick& tick, memory::Device& device, std::span<const at::Tensor> velocities);
  void follow_weights();
  void take_seat(int seats);

  const Networks& networks_;
  Loras* loras_;
  diffusion::DitDenoiser denoiser_;
  std::size_t seats_ = 0;
  std::uint64_t weights_ = 0;  // as of the conditions that are prepared
  std::mutex mutex_;           // of waiting_
  std::vector<Tick*> waiting_;
  std::vector<Tick*> company_;  // of the step that next() told last; who has the turn comes first
  std::vector<diffusion::Row> rows_;
  std::vector<at::Tensor> velocities_;
  Counts counts_;
};

/// One tick of one ring, as a task. Due from its construction to its end.
class Tick : public memory::Task {
 public:
  /// What is done to the ring before it is advanced; once, also when the tick has to be tried
  /// again.
  using Prepare = std::function<void(diffusion::Ring&)>;

  /// `ring` says which, on the executor's thread; for pieces of `frames` and conditions of up to
  /// `rows`.
  Tick(Ensemble& ensemble, memory::TaskInfo info, std::int64_t frames, std::int64_t rows,
       std::function<diffusion::Ring&()> ring, Prepare prepare);
  ~Tick() override;
  Tick(const Tick&) = delete;
  Tick& operator=(const Tick&) = delete;

  const memory::TaskInfo& info() const override { return info_; }
  std::optional<memory::Step> next() override;
  void run(const memory::StepContext& context) override;
  bool served() const override { return done_ || error_ != nullptr; }
  void ended(std::exception_ptr error) override;

  /// Once it is done: the generation that this tick has finished, in host memory.
  std::optional<diffusion::Finished> take() { return std::move(finished_); }

 private:
  friend class Ensemble;

  Ensemble& ensemble_;
  memory::TaskInfo info_;
  std::int64_t frames_;
  std::int64_t condition_rows_;
  std::function<diffusion::Ring&()> ring_;
  Prepare prepare_;
  bool prepared_ = false;
  std::size_t begin_ = 0;  // of its rows in the call under way
  std::size_t count_ = 0;
  bool done_ = false;
  std::exception_ptr error_;
  std::optional<diffusion::Finished> finished_;
};

}  // namespace headroom::studio
