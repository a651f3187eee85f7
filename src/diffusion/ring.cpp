#include "diffusion/ring.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "diffusion/schedule.h"
#include "tensor/checkpoint.h"

namespace headroom::diffusion {
namespace {

constexpr auto kNoSlot = static_cast<std::size_t>(-1);

}  // namespace

Ring::Ring(Denoiser& denoiser, RingSettings settings)
    : denoiser_(denoiser), settings_(std::move(settings)) {
  if (!settings_.times.empty()) {
    settings_.times = explicit_timesteps(settings_.times);
    settings_.steps = static_cast<std::int64_t>(settings_.times.size()) - 1;
  }
  (void)schedule(1.0);
  settings_.depth = std::clamp<std::int64_t>(settings_.depth, 1, kDeepestRing);
  slots_.resize(static_cast<std::size_t>(settings_.depth));
  credit_ = settings_.steps;
}

std::vector<double> Ring::schedule(double denoise) const {
  if (!settings_.times.empty()) return settings_.times;
  if (settings_.reference.state != at::kFloat)
    return timesteps_in(settings_.reference.state, settings_.steps, settings_.shift, denoise);
  return timesteps(settings_.steps, settings_.shift, denoise, settings_.quantise_denoise);
}

Result<std::uint64_t, Refusal> Ring::submit(Request request) {
  auto fault = find_fault(request);
  if (!fault.empty()) return Refusal{std::move(fault)};
  if (request.epoch < epoch_)
    return Refusal{fmt::format("the request is of epoch {}, the ring is in {}: its source is gone",
                               request.epoch, epoch_)};
  const auto cap =
      static_cast<std::size_t>(settings_.queue_cap > 0 ? settings_.queue_cap : settings_.depth);
  if (settings_.reference.drop_one) {
    if (queue_.size() >= cap) queue_.pop_front();
  } else {
    while (queue_.size() >= cap) queue_.pop_front();
  }
  queue_.push_back({++last_id_, std::make_shared<const Request>(
                                    prepared(std::move(request), settings_.reference.state))});
  return last_id_;
}

std::optional<Finished> Ring::tick() {
  const auto rows = begin_tick();
  velocities_.clear();
  if (!rows.empty()) denoiser_.velocities(rows, velocities_);
  auto finished = end_tick(velocities_);
  velocities_.clear();
  return finished;
}

std::span<const Row> Ring::begin_tick() {
  if (!released_) {
    delivered_slot_ = kNoSlot;
    drop_other_lengths();
    released_ = release();
  }
  admit();
  gather();
  return rows_;
}

std::optional<Finished> Ring::end_tick(std::span<const at::Tensor> velocities) {
  advance(velocities);
  if (!released_ && !settings_.reference.late_delivery) released_ = release();
  trim_surplus();
  credit_ += std::min(settings_.depth, settings_.steps);
  ++ticks_;
  return std::exchange(released_, std::nullopt);
}

void Ring::drop_other_lengths() {
  if (queue_.empty()) return;
  const auto frames = queue_.back().request->frames();
  std::erase_if(queue_, [&](const Waiting& one) { return one.request->frames() != frames; });
  for (auto& slot : slots_) {
    if (slot && slot->x().size(1) != frames) slot.reset();
  }
  if (frames != frames_) workspace_.trim();
  frames_ = frames;
}

std::optional<Finished> Ring::release() {
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i] || !slots_[i]->finished()) continue;
    const auto slot = std::move(slots_[i]);
    delivered_slot_ = i;
    return Finished{slot->id(), slot->request().epoch, slot->request().start_frame, slot->x()};
  }
  return std::nullopt;
}

void Ring::admit() {
  const auto depth = static_cast<std::size_t>(settings_.depth);
  const bool paced = !settings_.reference.bursts;
  bool admitted = false;
  for (std::size_t i = 0; i < depth && !queue_.empty(); ++i) {
    if (slots_[i] || (paced && (admitted || credit_ < settings_.steps))) continue;
    auto next = queue_.front();
    slots_[i] =
        std::make_unique<Slot>(next.id, next.request, schedule(next.request->denoise),
                               settings_.seed + next.id, settings_.reference.state, workspace_);
    queue_.pop_front();
    credit_ -= settings_.steps;
    admitted = true;
  }
  // What is owed does not pile up, or a pause would end in a burst: an admission that is due stays
  // due, no more.
  if (!admitted && credit_ >= settings_.steps)
    credit_ = settings_.steps - std::min(settings_.depth, settings_.steps);
}

StepScope Ring::scope() {
  return {workspace_, settings_.controls, settings_.step_noise,
          settings_.reference.dcw_in_kept_frames};
}

void Ring::gather() {
  rows_.clear();
  begins_.fill(0);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    begins_.at(i) = rows_.size();
    if (slots_[i] && !slots_[i]->finished()) slots_[i]->add_rows(scope(), rows_);
    begins_.at(i + 1) = rows_.size();
  }
}

void Ring::advance(std::span<const at::Tensor> velocities) {
  if (velocities.size() != rows_.size())
    throw Error(ErrorKind::internal,
                fmt::format("{} rows gave {} velocities", rows_.size(), velocities.size()));
  rows_.clear();
  // Copies are advanced, which are only references: all slots move on, or none does.
  std::array<std::unique_ptr<Slot>, static_cast<std::size_t>(kDeepestRing)> next;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const auto count = begins_.at(i + 1) - begins_.at(i);
    if (count == 0) continue;
    next.at(i) = std::make_unique<Slot>(*slots_[i]);
    next.at(i)->advance(scope(), velocities.subspan(begins_.at(i), count));
  }
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (next.at(i)) slots_[i] = std::move(next.at(i));
  }
}

void Ring::trim_surplus() {
  while (slots_.size() > static_cast<std::size_t>(settings_.depth) && !slots_.back())
    slots_.pop_back();
}

std::vector<Finished> Ring::drain() {
  std::vector<Finished> results;
  while (!idle()) {
    if (auto result = tick()) results.push_back(std::move(*result));
  }
  return results;
}

void Ring::set_depth(std::int64_t depth) {
  settings_.depth = std::clamp<std::int64_t>(depth, 1, kDeepestRing);
  const auto wanted = static_cast<std::size_t>(settings_.depth);
  if (slots_.size() < wanted || settings_.reference.discard_on_shrink) slots_.resize(wanted);
  trim_surplus();
}

void Ring::begin_epoch(std::uint64_t epoch) {
  if (epoch <= epoch_) return;
  epoch_ = epoch;
  std::erase_if(queue_, [&](const Waiting& one) { return one.request->epoch < epoch; });
  for (auto& slot : slots_) {
    if (slot && slot->request().epoch < epoch) slot.reset();
  }
  trim_surplus();
  // The new source is heard at once.
  credit_ = settings_.steps;
}

void Ring::clear() {
  queue_.clear();
  released_.reset();
  // Of a tick that failed half-way.
  rows_.clear();
  velocities_.clear();
  for (auto& slot : slots_) slot.reset();
  trim_surplus();
  workspace_.trim();
  credit_ = settings_.steps;
}

void Ring::set_schedule(std::int64_t steps, double shift) {
  (void)timesteps(steps, shift, 1.0);
  settings_.times.clear();
  settings_.steps = steps;
  settings_.shift = shift;
  credit_ = std::min(credit_, steps);
}

void Ring::set_dcw(std::optional<DcwSettings> dcw) { settings_.controls.dcw = std::move(dcw); }

Result<bool, Refusal> Ring::set_gain(const at::Tensor& gain) {
  if (gain.defined() && (gain.dim() != 3 || gain.size(0) != 1))
    return Refusal{
        fmt::format("a channel gain has shape {}, not [1, 1 or T, C]", shape_text(gain.sizes()))};
  settings_.controls.gain =
      gain.defined() ? gain.to(at::TensorOptions(at::kFloat).device(settings_.device)) : gain;
  return true;
}

void Ring::set_shared(SharedCurve name, const Curve& curve) {
  settings_.controls.shared.at(static_cast<std::size_t>(name)) =
      curve.converted(at::kFloat, settings_.device);
}

std::int64_t Ring::under_way() const {
  return std::count_if(slots_.begin(), slots_.end(),
                       [](const auto& slot) { return slot != nullptr; });
}

bool Ring::warmed_up() const {
  for (std::size_t i = 0; i < static_cast<std::size_t>(settings_.depth); ++i) {
    if (!slots_[i] && i != delivered_slot_) return false;
  }
  return true;
}

std::vector<SlotView> Ring::slots() const {
  std::vector<SlotView> views;
  for (const auto& slot : slots_)
    views.push_back(slot ? SlotView{slot->id(), slot->finished_steps(), slot->x()} : SlotView{});
  return views;
}

}  // namespace headroom::diffusion
