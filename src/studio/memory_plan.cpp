#include "studio/memory_plan.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include <fmt/format.h>

#include "base/json.h"
#include "base/text.h"
#include "memory/cpu_device.h"
#include "memory/plan_slot.h"
#include "studio/footprint.h"

namespace headroom::studio {
namespace {

using memory::Lease;
using memory::Purpose;
using memory::Step;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::int64_t kFramesPerSecond = 25;
constexpr const char* kSession = "session";
constexpr const char* kUpload = "upload";

// A device on which everything fits: the ledger alone decides.
class Rehearsal {
 public:
  Rehearsal(const PlanRequest& request, const WeightSizes& sizes, std::uint64_t budget,
            MemoryPlan& plan)
      : request_(request),
        plan_(plan),
        device_({.capacity = std::max<std::uint64_t>(budget, kMiB)}),
        ledger_(budget),
        residency_(device_, ledger_, telemetry_,
                   {.budget = budget, .leave_free = 0, .slack = memory::pool_slack(budget)}),
        networks_(residency_, request.configs, request.precision, sizes),
        slot_(residency_, kSession,
              [](const memory::PlanSpec&) { return std::make_unique<memory::Plan>(); }) {
    residency_.set_exclusive(request.policy.park == memory::SeparatorPark::always);
  }

  void run() {
    driver_ = lease("driver's context", request_.driver, Purpose::context);
    start_session();
    play();
    upload();
    if (request_.stems) rip();
    change_source();
    play();
    plan_.parks = telemetry_.counts()["parked"] - dismissed_;
    fall_asleep();
  }

 private:
  std::int64_t frames() const { return duration_class(request_.seconds) * kFramesPerSecond; }

  Lease lease(const std::string& name, std::uint64_t bytes, Purpose purpose) {
    auto lease =
        residency_.lease({.name = name, .purpose = purpose, .bytes = bytes, .owner = kSession});
    if (!lease) throw memory::Refused(name, lease.error());
    return std::move(lease).value();
  }

  // One step, as the executor would admit it.
  void operate(const std::string& name, const Step& step, const char* owner) {
    const auto before = residents();
    std::optional<memory::Shortfall> shortfall;
    for (const auto& choice : step.choices) {
      auto grant = residency_.admit(step.needs, choice.workspace, owner);
      if (!grant) {
        shortfall = grant.error();
        continue;
      }
      const auto held = std::move(grant).value();
      return note(name, step.choices.size() > 1 ? choice.size : 0, choice.workspace, before);
    }
    throw memory::Refused(name, *shortfall);
  }

  void note(const std::string& name, std::int64_t chunk, std::uint64_t workspace,
            const std::vector<std::string>& before) {
    const auto now = residents();
    std::vector<std::string> gone;
    for (const auto& component : before) {
      if (std::find(now.begin(), now.end(), component) == now.end()) gone.push_back(component);
    }
    const auto leased = ledger_.leased();
    plan_.operations.push_back({name, chunk, workspace, leased,
                                fmt::format("{}", fmt::join(now, " ")),
                                fmt::format("{}", fmt::join(gone, " "))});
    if (leased <= plan_.peak) return;
    plan_.peak = leased;
    plan_.bottleneck = name;
    plan_.latents = 0;
    for (const auto& entry : ledger_.entries()) {
      if (entry.lease.purpose == Purpose::latents) plan_.latents += entry.lease.bytes;
    }
  }

  std::vector<std::string> residents() const {
    std::vector<std::string> names;
    for (const auto& component : residency_.components()) {
      if (component->resident()) names.push_back(component->name());
    }
    return names;
  }

  void condition(const std::string& during) {
    const auto name = [&](const char* what) { return during + what; };
    operate(name("text"), text_step(networks_, request_.prompt.text), kSession);
    operate(name("condition"), condition_step(networks_, request_.prompt), kSession);
  }

  void encode(const std::string& during, const char* owner) {
    operate(during + "encode", encode_step(networks_, frames()), owner);
    operate(during + "structure", hints_step(networks_, frames()), owner);
  }

  void start_session() {
    encode("start: ", kSession);
    condition("start: ");
    slot_.change(session_plan(networks_, frames(), request_.prompt.rows()));
  }

  void play() {
    operate("tick", tick_step(networks_, frames(), request_.prompt.rows()), kSession);
    operate("decode window", window_step(networks_), kSession);
    plan_.tick = tick_step(networks_, frames(), request_.prompt.rows()).choices[0].workspace;
  }

  void upload() {
    encode("upload: ", kUpload);
    play();
  }

  void rip() {
    auto policy = request_.policy;
    memory::SeparatorStay stay(residency_, policy, networks_.require_separator(), kUpload);
    operate("rip: separate", separate_step(networks_), kUpload);
    play();
    condition("rip: prompt edit: ");
    operate("rip: separate", separate_step(networks_), kUpload);
    const auto parked = telemetry_.counts()["parked"];
    stay.end();
    dismissed_ += telemetry_.counts()["parked"] - parked;  // its own leaving at the end
    encode("stems: ", kUpload);
    const auto before = telemetry_.counts()["parked"];
    residency_.retire(kUpload);
    dismissed_ += telemetry_.counts()["parked"] - before;
  }

  void change_source() {
    encode("swap: ", kSession);
    condition("swap: ");
    slot_.change(session_plan(networks_, frames(), request_.prompt.rows()));
  }

  // Down the ladder of idleness, from the last tick on.
  void fall_asleep() {
    const auto missing = [&] {
      std::uint64_t bytes = 0;
      for (const auto* component : {networks_.dit.component, networks_.vae_decoder.component})
        bytes += component->resident() ? 0 : component->bytes();
      return bytes;
    };
    const auto live = ledger_.leased();
    plan_.idle.push_back({"live", live, live, missing()});
    residency_.park_idle();
    plan_.idle.push_back({"parked", ledger_.leased(), live, missing()});
    residency_.trim();
    plan_.idle.push_back({"trimmed", ledger_.leased(), ledger_.leased(), missing()});
  }

  const PlanRequest& request_;
  MemoryPlan& plan_;
  memory::CpuDevice device_;
  memory::Telemetry telemetry_;
  memory::Ledger ledger_;
  memory::Residency residency_;
  Networks networks_;
  memory::PlanSlot slot_;
  Lease driver_;
  std::uint64_t dismissed_ = 0;  // parked because they were done, not for want of room
};

MemoryPlan attempt(const PlanRequest& request, const WeightSizes& sizes, std::uint64_t budget) {
  MemoryPlan plan;
  plan.budget = budget;
  plan.slack = memory::pool_slack(budget);
  try {
    Rehearsal(request, sizes, budget, plan).run();
    plan.fits = true;
  } catch (const memory::Refused& refused) {
    plan.refusal = refused.what();
  }
  return plan;
}

std::uint64_t smallest_budget(const PlanRequest& request, const WeightSizes& sizes) {
  std::uint64_t low = 1;
  std::uint64_t high = 1024;
  while (!attempt(request, sizes, high * kMiB).fits) {
    low = high;
    high *= 2;
    if (high > (1 << 20)) return 0;  // 1 TiB: something else is wrong
  }
  while (high - low > 1) {
    const auto middle = (low + high) / 2;
    (attempt(request, sizes, middle * kMiB).fits ? high : low) = middle;
  }
  return high * kMiB;
}

std::string idle_text(const MemoryPlan& plan) {
  std::string text = "\nwhen nobody plays          leased   on the device   back on waking\n";
  for (const auto& rung : plan.idle) {
    text += fmt::format("{:<20} {:>12} {:>15} {:>16}", rung.name, human_bytes(rung.leased),
                        human_bytes(rung.reserved), human_bytes(rung.copied));
    if (plan.copy_rate > 0 && rung.copied > 0)
      text += fmt::format("  {:.2f} s", static_cast<double>(rung.copied) / plan.copy_rate);
    text += '\n';
  }
  return text + '\n';
}

}  // namespace

MemoryPlan plan_session(const PlanRequest& request) {
  const auto sizes = weight_sizes(request.configs, request.precision);
  auto plan = attempt(request, sizes, request.budget);
  plan.minimum = smallest_budget(request, sizes);
  return plan;
}

double measure_copy_rate() {
  constexpr std::size_t size = 128 << 20;
  const std::vector<char> from(size, 1);
  const auto began = std::chrono::steady_clock::now();
  std::vector<char> to;
  to.assign(from.begin(), from.end());
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - began;
  return static_cast<double>(to.size()) / taken.count();
}

nlohmann::json MemoryPlan::json() const {
  auto rungs = nlohmann::json::array();
  for (const auto& rung : idle) {
    rungs.push_back({{"rung", rung.name},
                     {"leased", rung.leased},
                     {"reserved", rung.reserved},
                     {"copied", rung.copied}});
    if (copy_rate > 0) rungs.back()["wake_seconds"] = static_cast<double>(rung.copied) / copy_rate;
  }
  auto steps = nlohmann::json::array();
  for (const auto& step : operations) {
    steps.push_back({{"name", step.name},
                     {"chunk", step.chunk},
                     {"workspace", step.workspace},
                     {"leased", step.leased},
                     {"resident", step.resident},
                     {"parked", step.parked}});
  }
  return {{"fits", fits},       {"budget", budget},         {"slack", slack},      {"peak", peak},
          {"minimum", minimum}, {"bottleneck", bottleneck}, {"latents", latents},  {"tick", tick},
          {"parks", parks},     {"refusal", refusal},       {"operations", steps}, {"idle", rungs}};
}

std::string MemoryPlan::text() const {
  std::string text = fmt::format("{:<28} {:>6} {:>10} {:>10}  {}\n", "operation", "chunk",
                                 "workspace", "in all", "on the device");
  for (const auto& step : operations) {
    text += fmt::format("{:<28} {:>6} {:>10} {:>10}  {}{}\n", step.name,
                        step.chunk == 0 ? "" : std::to_string(step.chunk),
                        human_bytes(step.workspace), human_bytes(step.leased), step.resident,
                        step.parked.empty() ? "" : "  (left: " + step.parked + ")");
  }
  if (fits) {
    text += fmt::format("\nfits into {}: at most {} at '{}', beside {} for the pool; ",
                        human_bytes(budget), human_bytes(peak), bottleneck, human_bytes(slack));
    text += parks == 0 ? "nothing is ever parked\n"
                       : fmt::format("components make way {} times\n", parks);
    text += fmt::format("of these {} are latents and conditions; a tick works in {}\n",
                        human_bytes(latents), human_bytes(tick));
    text += idle_text(*this);
  } else {
    text += fmt::format("\ndoes not fit into {}: {}\n", human_bytes(budget), refusal);
  }
  return text + fmt::format("the smallest budget that does: {}\n", human_bytes(minimum));
}

}  // namespace headroom::studio
