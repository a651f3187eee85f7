#include "memory/executor.h"

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace headroom::memory {
namespace {

// How often a step that waits for somebody's lease looks whether it came back.
constexpr std::chrono::milliseconds kRetry{20};
// How often an idle thread looks whether the janitor is due or the card has shrunk.
constexpr std::chrono::milliseconds kIdleLook{250};

std::exception_ptr canceled(const std::string& name) {
  return std::make_exception_ptr(Error(ErrorKind::canceled, name + " was canceled"));
}

}  // namespace

struct Executor::Entry {
  std::uint64_t id = 0;
  std::unique_ptr<Task> owned;
  Task* task = nullptr;
  std::promise<void> promise;
  Waiting waiting;
  bool canceled = false;  // under the mutex
  std::optional<std::chrono::steady_clock::time_point> blocked_since;
  std::chrono::steady_clock::time_point retry;
};

struct Executor::Job {
  std::function<void(Residency&)> work;
  std::promise<void> promise;
};

Executor::Executor(Residency& residency, ExecutorSettings settings)
    : residency_(residency),
      settings_(std::move(settings)),
      janitor_(settings_.janitor, settings_.clock()) {
  if (settings_.threaded) thread_ = std::jthread([this](const std::stop_token& s) { loop(s); });
}

Executor::~Executor() {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& entry : entries_) entry->canceled = true;
  }
  if (thread_.joinable()) {
    thread_.request_stop();
    changed_.notify_all();
    thread_.join();
  }
  while (run_one()) {
  }
}

Ticket Executor::submit(std::unique_ptr<Task> task) {
  auto entry = std::make_unique<Entry>();
  entry->task = task.get();
  entry->owned = std::move(task);
  Ticket ticket;
  ticket.done = entry->promise.get_future();
  ticket.id = enqueue(std::move(entry));
  return ticket;
}

void Executor::run(Task& task) {
  auto entry = std::make_unique<Entry>();
  entry->task = &task;
  auto done = entry->promise.get_future();
  enqueue(std::move(entry));
  if (!settings_.threaded) drain();
  done.get();
}

std::uint64_t Executor::enqueue(std::unique_ptr<Entry> entry) {
  const auto& info = entry->task->info();
  entry->waiting.priority = info.priority;
  entry->waiting.deadline = info.deadline;
  const std::lock_guard lock(mutex_);
  entry->id = next_id_++;
  entry->waiting.last_turn = turn_;
  const auto id = entry->id;
  entries_.push_back(std::move(entry));
  changed_.notify_all();
  return id;
}

void Executor::between_steps(const std::function<void(Residency&)>& work) {
  if (!settings_.threaded) return work(residency_);
  auto job = std::make_unique<Job>();
  job->work = work;
  auto done = job->promise.get_future();
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    changed_.notify_all();
  }
  done.get();
}

bool Executor::cancel(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : entries_) {
    if (entry->id != id) continue;
    entry->canceled = true;
    entry->retry = {};
    changed_.notify_all();
    return true;
  }
  return false;
}

size_t Executor::waiting() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::int64_t Executor::drain() {
  std::int64_t steps = 0;
  while (run_one()) ++steps;
  return steps;
}

void Executor::idle() {
  int live = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [owner, count] : live_) live += count;
  }
  janitor_.look(residency_, live, settings_.clock());
}

void Executor::loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (run_one()) continue;
    idle();
    residency_.follow_device();
    std::unique_lock lock(mutex_);
    const bool blocked = !entries_.empty();
    changed_.wait_for(lock, stop, blocked ? kRetry : kIdleLook, [&] {
      return !jobs_.empty() || std::any_of(entries_.begin(), entries_.end(), [](const auto& e) {
        return !e->blocked_since || e->canceled;
      });
    });
  }
  while (run_one()) {
  }
}

bool Executor::run_one() {
  if (run_job()) return true;
  auto* entry = take_next();
  if (entry == nullptr) return false;
  advance(*entry);
  finish_served();
  janitor_.worked(settings_.clock());
  return true;
}

bool Executor::run_job() {
  std::unique_ptr<Job> job;
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.empty()) return false;
    job = std::move(jobs_.front());
    jobs_.pop_front();
  }
  try {
    job->work(residency_);
    job->promise.set_value();
  } catch (...) {
    job->promise.set_exception(std::current_exception());
  }
  return true;
}

Executor::Entry* Executor::take_next() {
  const auto now = settings_.clock();
  const std::lock_guard lock(mutex_);
  std::vector<Entry*> ready;
  std::vector<Waiting> waiting;
  for (const auto& entry : entries_) {
    if (entry->blocked_since && !entry->canceled && now < entry->retry) continue;
    ready.push_back(entry.get());
    waiting.push_back(entry->waiting);
  }
  const auto chosen = choose_next(waiting, aged_turn_);
  if (!chosen) return nullptr;
  ++turn_;
  aged_turn_ = !(aged_turn_ && is_aged(waiting[*chosen]));
  for (size_t i = 0; i < ready.size(); ++i) {
    if (i != *chosen) ++ready[i]->waiting.passes;
  }
  ready[*chosen]->waiting.passes = 0;
  ready[*chosen]->waiting.last_turn = turn_;
  return ready[*chosen];
}

void Executor::advance(Entry& entry) {
  bool stop = false;
  {
    const std::lock_guard lock(mutex_);
    stop = entry.canceled;
  }
  try {
    if (stop) return finish(entry, canceled(entry.task->info().name));
    if (const auto step = entry.task->next()) execute(entry, *step);
    if (!entry.blocked_since && !entry.task->next()) finish(entry, nullptr);
  } catch (...) {
    finish(entry, std::current_exception());
  }
}

void Executor::finish_served() {
  std::vector<Entry*> served;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& entry : entries_) {
      if (entry->task->served()) served.push_back(entry.get());
    }
  }
  for (auto* const entry : served) {
    entry->blocked_since.reset();
    advance(*entry);
  }
}

void Executor::execute(Entry& entry, const Step& step) {
  std::optional<Shortfall> shortfall;
  for (const auto& choice : step.choices) {
    auto grant = residency_.admit(step.needs, choice.workspace, entry.task->info().owner);
    if (grant) {
      const auto held = std::move(grant).value();
      entry.blocked_since.reset();
      return run_step(entry, step, choice);
    }
    shortfall = grant.error();
  }
  wait_or_refuse(entry, step, *shortfall);
}

void Executor::run_step(Entry& entry, const Step& step, const ChunkChoice& choice) {
  auto& device = residency_.device();
  const auto run = [&] {
    refused_as_ours(step.name, [&] { entry.task->run({device, choice.size}); });
  };
  const auto before = residency_.begin_step();
  try {
    run();
  } catch (const OutOfDeviceMemory& error) {
    residency_.tell("oom", step.name, entry.task->info().owner, error.asked());
    residency_.park_idle(step.needs);
    residency_.trim();
    run();
  }
  residency_.end_step(step.name, entry.task->info().owner, before, choice.workspace);
}

void Executor::wait_or_refuse(Entry& entry, const Step& step, const Shortfall& shortfall) {
  const auto now = settings_.clock();
  if (!entry.blocked_since) entry.blocked_since = now;
  const auto latest =
      std::min(*entry.blocked_since + kLongestWait,
               entry.task->info().deadline.value_or(std::chrono::steady_clock::time_point::max()));
  if (residency_.ledger().any_ends() && now < latest) {
    entry.retry = now + kRetry;
    return;
  }
  residency_.tell("refused", step.name, entry.task->info().owner, shortfall.asked);
  throw Refused(step.name, shortfall);
}

void Executor::finish(Entry& entry, std::exception_ptr error) {
  try {
    entry.task->ended(error);
  } catch (...) {
    if (error == nullptr) error = std::current_exception();
  }
  std::unique_ptr<Entry> done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const auto& e) { return e.get() == &entry; });
    done = std::move(*found);
    entries_.erase(found);
  }
  done->owned.reset();  // what the task held is back before anybody hears that it is done
  if (error == nullptr) {
    done->promise.set_value();
  } else {
    done->promise.set_exception(error);
  }
}

Executor::Live::Live(Executor& executor, std::string owner)
    : executor_(executor), owner_(std::move(owner)) {
  const std::lock_guard lock(executor_.mutex_);
  ++executor_.live_[owner_];
}

Executor::Live::~Live() {
  bool last = false;
  {
    const std::lock_guard lock(executor_.mutex_);
    last = --executor_.live_[owner_] == 0;
    if (last) executor_.live_.erase(owner_);
  }
  if (!last) return;
  executor_.between_steps([&](Residency& residency) {
    residency.retire(owner_);
    residency.trim();
  });
}

}  // namespace headroom::memory
