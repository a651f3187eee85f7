#include "studio/ensemble.h"

#include <algorithm>

#include "studio/loras.h"
#include "studio/steps.h"

namespace headroom::studio {

using memory::OutOfDeviceMemory;

namespace {

// Nothing of a call stays on the device, however it ends.
struct Emptied {
  std::vector<diffusion::Row>& rows;
  std::vector<at::Tensor>& velocities;
  ~Emptied() {
    rows.clear();
    velocities.clear();
  }
};

}  // namespace

Ensemble::Seat::Seat(Ensemble& ensemble) : ensemble_(ensemble) { ensemble_.take_seat(1); }

Ensemble::Seat::~Seat() {
  // What of it was this ring's nobody knows; the others prepare theirs anew.
  ensemble_.denoiser_.weights_changed();
  ensemble_.take_seat(-1);
}

void Ensemble::take_seat(int seats) {
  seats_ += static_cast<std::size_t>(seats);
  denoiser_.set_most_prepared(kPreparedConditions * std::max<std::size_t>(seats_, 1));
}

void Ensemble::add(Tick& tick) {
  const std::scoped_lock lock(mutex_);
  waiting_.push_back(&tick);
}

void Ensemble::remove(Tick& tick) {
  const std::scoped_lock lock(mutex_);
  std::erase(waiting_, &tick);
}

memory::Step Ensemble::step_of(Tick& lead) {
  const std::scoped_lock lock(mutex_);
  company_ = {&lead};
  for (auto* const other : waiting_) {
    const bool due = other != &lead && !other->served();
    if (due && other->info_.priority == lead.info_.priority) company_.push_back(other);
  }
  auto step = tick_step(networks_, lead.frames_, lead.condition_rows_);
  const auto alone = step.choices.front().workspace;
  auto most = alone;
  for (const auto* const one : company_) {
    const auto of_one = tick_step(networks_, one->frames_, one->condition_rows_);
    most = std::max(most, of_one.choices.front().workspace);
  }
  step.choices = {{static_cast<std::int64_t>(company_.size()), most}};
  if (company_.size() > 1) step.choices.push_back({1, alone});
  return step;
}

void Ensemble::play(const memory::StepContext& context) {
  const memory::DeviceScope scope(context.device, "tick");
  company_.resize(std::min(company_.size(), static_cast<std::size_t>(context.chunk)));
  try {
    together(context.device);
  } catch (const OutOfDeviceMemory&) {
    company_.resize(1);  // the executor makes room and tries again
    throw;
  } catch (const std::exception&) {
    if (company_.size() == 1) throw;
    company_.resize(1);
    together(context.device);
  }
}

void Ensemble::follow_weights() {
  denoiser_.use(*networks_.dit);
  const auto now = loras_ != nullptr ? loras_->stack().changes() : 0;
  if (now == weights_) return;
  denoiser_.weights_changed();
  weights_ = now;
}

void Ensemble::together(memory::Device& device) {
  const Emptied emptied{rows_, velocities_};
  follow_weights();
  auto* const lead = company_.front();
  std::erase_if(company_, [&](Tick* tick) { return !begin(*tick, tick == lead); });
  if (!rows_.empty()) {
    ++counts_.calls;
    denoiser_.velocities(rows_, velocities_);
  }
  rows_.clear();  // rings write into states that nobody else holds
  const std::span<const at::Tensor> velocities(velocities_);
  // Who has the turn comes last: what he throws ends the step.
  for (auto tick = company_.rbegin(); tick != company_.rend(); ++tick)
    end(**tick, device, velocities.subspan((*tick)->begin_, (*tick)->count_));
}

// False when the tick cannot come along.
bool Ensemble::begin(Tick& tick, bool leads) {
  try {
    auto& ring = tick.ring_();
    if (tick.prepare_ && !tick.prepared_) tick.prepare_(ring);
    tick.prepared_ = true;
    const auto rows = ring.begin_tick();
    tick.begin_ = rows_.size();
    tick.count_ = rows.size();
    rows_.insert(rows_.end(), rows.begin(), rows.end());
    return true;
  } catch (const OutOfDeviceMemory&) {
    if (leads) throw;
    return false;  // room is made for it in its own turn
  } catch (...) {
    if (leads) throw;
    tick.error_ = std::current_exception();
    return false;
  }
}

void Ensemble::end(Tick& tick, memory::Device& device, std::span<const at::Tensor> velocities) {
  const bool leads = &tick == company_.front();
  try {
    tick.finished_ = tick.ring_().end_tick(velocities);
    if (tick.finished_) tick.finished_->latent = device.to_host(tick.finished_->latent);
    tick.done_ = true;
    ++counts_.ticks;
  } catch (const OutOfDeviceMemory&) {
    if (leads) throw;
  } catch (...) {
    if (leads) throw;
    tick.error_ = std::current_exception();
  }
}

Tick::Tick(Ensemble& ensemble, memory::TaskInfo info, std::int64_t frames, std::int64_t rows,
           std::function<diffusion::Ring&()> ring, Prepare prepare)
    : ensemble_(ensemble),
      info_(std::move(info)),
      frames_(frames),
      condition_rows_(rows),
      ring_(std::move(ring)),
      prepare_(std::move(prepare)) {
  ensemble_.add(*this);
}

Tick::~Tick() { ensemble_.remove(*this); }

std::optional<memory::Step> Tick::next() {
  if (error_ != nullptr) std::rethrow_exception(error_);
  if (done_) return std::nullopt;
  return ensemble_.step_of(*this);
}

void Tick::run(const memory::StepContext& context) { ensemble_.play(context); }

void Tick::ended(std::exception_ptr /*error*/) {
  ensemble_.remove(*this);
  std::erase(ensemble_.company_, this);
}

}  // namespace headroom::studio
