#include "studio/stream.h"

#include <algorithm>

#include "base/error.h"
#include "studio/tasks.h"

namespace headroom::studio {

struct Stream::Layout : memory::Plan {
  Layout(const diffusion::RingSettings& settings, diffusion::RowPlan rows)
      : denoiser(rows), ring(denoiser, settings) {}

  diffusion::DitDenoiser denoiser;
  diffusion::Ring ring;
};

Stream::Stream(Studio& studio, std::string owner, diffusion::RingSettings settings)
    : studio_(studio),
      owner_(std::move(owner)),
      settings_(std::move(settings)),
      slot_(studio.residency(), owner_, [this](const memory::PlanSpec&) {
        return std::make_unique<Layout>(settings_,
                                        diffusion::RowPlan{.most_prepared = kPreparedConditions});
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
    auto& [denoiser, ring] = layout();
    ring.clear();
    denoiser.weights_changed();
    states_.clear();
  });
}

std::optional<diffusion::Finished> Stream::tick(memory::Priority priority, const Prepare& prepare) {
  std::optional<diffusion::Finished> finished;
  bool prepared = false;  // a tick that the device refused is tried again
  TickTask task(studio_.networks(),
                {.name = "tick", .owner = owner_, .priority = priority, .deadline = {}}, frames_,
                rows_, [&](const models::Dit& dit, memory::Device& device) {
                  auto& [denoiser, ring] = layout();
                  denoiser.use(dit);
                  if (const auto weights = studio_.loras().stack().changes(); weights != weights_) {
                    denoiser.weights_changed();
                    weights_ = weights;
                  }
                  if (prepare && !prepared) prepare(ring);
                  prepared = true;
                  finished = ring.tick();
                  if (finished) finished->latent = device.to_host(finished->latent);
                });
  studio_.executor().run(task);
  return finished;
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
