#include "studio/stream.h"

#include <algorithm>
#include <span>

#include "base/error.h"
#include "studio/steps.h"

namespace headroom::studio {
namespace {

// In company a tick is a step of another session: the network must not leave with that one.
class SharedTick final : public Tick {
 public:
  SharedTick(Studio& studio, memory::TaskInfo info, std::int64_t frames, std::int64_t rows,
             std::function<diffusion::Ring&()> ring, Prepare prepare)
      : Tick(studio.ensemble(), std::move(info), frames, rows, std::move(ring), std::move(prepare)),
        studio_(studio) {}

  void ended(std::exception_ptr error) override {
    Tick::ended(error);
    auto* const network = studio_.networks().dit.component;
    if (error == nullptr && network->resident())
      (void)studio_.residency().admit(std::span(&network, 1), 0, this->info().owner);
  }

 private:
  Studio& studio_;
};

}  // namespace

struct Stream::Layout : memory::Plan {
  Layout(Ensemble& ensemble, const diffusion::RingSettings& settings)
      : seat(ensemble), ring(ensemble.denoiser(), settings) {}

  Ensemble::Seat seat;
  diffusion::Ring ring;
};

Stream::Stream(Studio& studio, std::string owner, diffusion::RingSettings settings)
    : studio_(studio),
      owner_(std::move(owner)),
      settings_(std::move(settings)),
      slot_(studio.residency(), owner_, [this](const memory::PlanSpec&) {
        return std::make_unique<Layout>(studio_.ensemble(), settings_);
      }) {
  settings_.device = studio.device().torch_device();
}

Stream::~Stream() { free_layout(); }

void Stream::free_layout() {
  studio_.executor().between_steps([&](memory::Residency&) {
    states_.clear();
    slot_.clear();
  });
}

Stream::Layout& Stream::layout() {
  // A change that failed twice left nothing standing but its room.
  if (slot_.current() == nullptr) slot_.restore();
  auto* const plan = dynamic_cast<Layout*>(slot_.current());
  if (plan == nullptr) throw Error(ErrorKind::internal, "a stream was used before it was laid out");
  return *plan;
}

void Stream::lay_out(std::int64_t frames, std::int64_t rows) {
  if (frames <= frames_ && rows <= rows_) return;
  const auto spec =
      session_plan(studio_.networks(), std::max(frames, frames_), std::max(rows, rows_));
  studio_.executor().between_steps([&](memory::Residency&) { slot_.change(spec); });
  frames_ = std::max(frames, frames_);
  rows_ = std::max(rows, rows_);
}

void Stream::clear() {
  if (frames_ == 0) return;
  studio_.executor().between_steps([&](memory::Residency&) {
    layout().ring.clear();
    states_.clear();
    studio_.ensemble().denoiser().forget_unused();
  });
}

std::optional<diffusion::Finished> Stream::tick(memory::Priority priority, const Prepare& prepare) {
  SharedTick tick(
      studio_, {.name = "tick", .owner = owner_, .priority = priority, .deadline = {}}, frames_,
      rows_, [this]() -> diffusion::Ring& { return layout().ring; }, prepare);
  studio_.executor().run(tick);
  return tick.take();
}

at::Tensor Stream::run(const diffusion::Request& request, memory::Priority priority,
                       Progress& progress) {
  if (request.denoise <= 0.0 && request.source.defined()) return request.source;
  std::uint64_t id = 0;
  auto finished = tick(priority, [&](diffusion::Ring& ring) {
    const auto taken = ring.submit(placed(request));
    if (!taken) throw Error(ErrorKind::usage, taken.error().reason);
    id = taken.value();
    progress.stage("generate",
                   static_cast<std::int64_t>(ring.schedule(request.denoise).size()) - 1);
  });
  progress.step();
  while (!finished || finished->id != id) {
    finished = tick(priority);
    progress.step();
  }
  return finished->latent;
}

at::Tensor Stream::placed_states(const at::Tensor& host) {
  for (const auto& [known, device] : states_) {
    if (known.is_same(host)) return device;
  }
  if (states_.size() >= kPreparedConditions) states_.erase(states_.begin());
  states_.push_back({host, studio_.device().to_device(
                               host, dtype_of(studio_.networks().precision()), "condition")});
  return states_.back().device;
}

diffusion::Request Stream::placed(diffusion::Request request) {
  for (auto* tensor : {&request.context, &request.noise, &request.source, &request.target.latent,
                       &request.mask.original, &request.mask.noise}) {
    if (tensor->defined()) *tensor = studio_.device().to_device(*tensor, at::kFloat, "request");
  }
  for (auto* conditions : {&request.conditions, &request.guidance.negatives}) {
    for (auto& condition : *conditions) condition.states = placed_states(condition.states);
  }
  return request;
}

}  // namespace headroom::studio
