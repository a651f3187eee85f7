// When the ring takes requests in and lets latents out.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "diffusion/ring.h"
#include "verify/families.h"
#include "verify/run_requests.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

// Stands still: only the clockwork counts here.
class Still final : public Denoiser {
 public:
  void velocities(std::span<const Row> rows, std::vector<at::Tensor>& velocities) override {
    for (const auto& row : rows) velocities.push_back(at::zeros_like(row.x));
  }
};

Request empty_request(double denoise) {
  return {.conditions = {{at::zeros({1, 1, 1}), at::ones({1, 1})}},
          .context = at::zeros({1, 2, 2}),
          .seed = 1,
          .noise = at::zeros({1, 2, 1}),
          .source = at::zeros({1, 2, 1}),
          .denoise = denoise};
}

RingSettings settings_of(const Golden& golden, const nlohmann::json& json) {
  RingSettings settings;
  settings.steps = field<std::int64_t>(json, "steps", golden.label());
  settings.depth = field<std::int64_t>(json, "depth", golden.label());
  const auto cap = json.value("queue_cap", nlohmann::json("depth"));
  settings.queue_cap = cap.is_number() ? std::max<std::int64_t>(1, cap.get<std::int64_t>()) : 0;
  settings.reference = reference_ways(golden);
  return settings;
}

using Table = std::vector<std::int32_t>;

at::Tensor table(const Table& rows) { return at::tensor(rows, at::kInt).view({-1, 2}); }

void add_case(const Golden& golden, size_t number, const nlohmann::json& json, Results& results) {
  Still still;
  Ring ring(still, settings_of(golden, json));
  const auto pattern = field<std::string>(json, "pattern", golden.label());
  if (pattern != "every_tick" && pattern != "every_third" && pattern != "alternating_denoise0")
    throw Error(ErrorKind::input,
                fmt::format("{}: unknown pattern '{}'", golden.label(), printable(pattern)));
  std::map<std::uint64_t, std::int32_t> names;
  std::set<std::uint64_t> seen;
  Table admitted;
  Table emitted;
  const auto ticks = field<std::int32_t>(json, "ticks", golden.label());
  for (std::int32_t tick = 0; tick < ticks; ++tick) {
    if (pattern != "every_third" || tick % 3 == 0) {
      const bool trivial = pattern == "alternating_denoise0" && tick % 2 == 1;
      names[ring.submit(empty_request(trivial ? 0.0 : 1.0)).value()] = tick;
    }
    const auto finished = ring.tick();
    const auto note = [&](std::uint64_t id) {
      if (!seen.insert(id).second) return;
      admitted.insert(admitted.end(), {tick, names.at(id)});
    };
    std::vector<std::uint64_t> present;
    for (const auto& slot : ring.slots()) {
      if (slot.id != 0) present.push_back(slot.id);
    }
    if (finished) present.push_back(finished->id);
    // Requests are taken in the order of their submission, which is that of their ids.
    std::sort(present.begin(), present.end());
    for (const auto id : present) note(id);
    if (finished) emitted.insert(emitted.end(), {tick, names.at(finished->id)});
  }
  results.add(fmt::format("out.{}.admitted", number), table(admitted), kExact);
  results.add(fmt::format("out.{}.emitted", number), table(emitted), kExact);
}

// The reference's `flush`: 2·depth ticks at most. Ours drains (FIX-7); both are held here.
void add_flush(const Golden& golden, size_t number, const nlohmann::json& json, Results& results) {
  const auto submitted = field<std::size_t>(json, "submitted", golden.label());
  const auto fill = [&](Ring& ring) {
    for (std::size_t i = 0; i < submitted; ++i) (void)ring.submit(empty_request(1.0));
  };
  Still still;
  Ring ring(still, settings_of(golden, json));
  fill(ring);
  std::int64_t ticks = 0;
  std::int64_t returned = 0;
  while (ticks < 2 * ring.depth() && !ring.idle()) {
    returned += ring.tick().has_value() ? 1 : 0;
    ++ticks;
  }
  const auto expected = [&](const char* key) {
    return field<std::int64_t>(json, key, golden.label());
  };
  results.fact(fmt::format("flush{}", number),
               ticks == expected("ticks") && returned == expected("returned") &&
                   ring.under_way() == expected("left_active"),
               fmt::format("{} ticks, {} latents, {} left", ticks, returned, ring.under_way()));
  Ring whole(still, settings_of(golden, json));
  fill(whole);
  const auto all = whole.drain();
  results.fact(fmt::format("drain{}", number), all.size() == submitted && whole.idle(),
               fmt::format("{} of {} latents", all.size(), submitted));
}

}  // namespace

void verify_ring_cadence(Golden& golden, Results& results) {
  const auto cases = field<nlohmann::json>(golden.config(), "cases", golden.label());
  for (size_t i = 0; i < cases.size(); ++i) add_case(golden, i, cases[i], results);
  const auto flush = golden.config().value("flush", nlohmann::json::array());
  for (size_t i = 0; i < flush.size(); ++i) add_flush(golden, i, flush[i], results);
}

}  // namespace headroom::verify
