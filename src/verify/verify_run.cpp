// Recorded runs of the ring, tick by tick, with a toy network.
#include <algorithm>
#include <limits>
#include <map>

#include <fmt/format.h>

#include "diffusion/ring.h"
#include "diffusion/schedule.h"
#include "verify/families.h"
#include "verify/run_requests.h"
#include "verify/toy_decoder.h"
#include "verify/toy_loras.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

constexpr std::int64_t kColumns = 8;  // slots of the recorded tables
constexpr int kEmpty = -1;
constexpr int kNoSlot = -2;

Rule value_rule(const Golden& golden) {
  const bool narrow = golden.config().value("dtype", "f32") == "bf16";
  return narrow ? Rule{.absolute = 0.06} : Rule{.absolute = 1e-5, .relative = 1e-5};
}

// The ring of a run with all that its events can turn.
class Stage {
 public:
  Stage(const Golden& golden, const RunRequests& requests, RingSettings settings)
      : golden_(golden), requests_(requests), decoder_(golden), loras_(golden, decoder_) {
    dcw_.change(golden.config().value("dcw", nlohmann::json::object()), requests, golden.label());
    settings.controls.dcw = dcw_.now();
    ring_.emplace(decoder_, std::move(settings));
  }

  Ring& ring() { return *ring_; }

  std::uint64_t submit(const std::string& name) {
    auto id = ring_->submit(requests_.request(name));
    if (!id)
      throw Error(ErrorKind::input, fmt::format("{}: request '{}' is refused: {}", golden_.label(),
                                                printable(name), id.error().reason));
    return id.value();
  }

  // Everything but submissions and depths: what is turned for all.
  bool turn(const nlohmann::json& event) {
    const auto op = field<std::string>(event, "op", golden_.label());
    if (op == "set_shared_curve") {
      const auto shared = parse_shared_curve(field<std::string>(event, "name", golden_.label()));
      if (shared) ring_->set_shared(*shared, requests_.curve(event.at("value")));
    } else if (op == "set_channel_gain") {
      (void)ring_->set_gain(requests_.curve(event.at("value")).values());
    } else if (op == "set_dcw") {
      dcw_.change(event, requests_, golden_.label());
      ring_->set_dcw(dcw_.now());
    } else if (op == "set_infer_method" || op == "set_method") {
      ring_->set_method(event.at("value") == "sde" ? Method::sde : Method::ode);
    } else if (op == "set_shift") {
      ring_->set_schedule(golden_.config().at("infer_steps").get<std::int64_t>(),
                          event.at("value").get<double>());
    } else if (op == "lora") {
      loras_.apply(event);
    } else {
      return false;
    }
    return true;
  }

 private:
  const Golden& golden_;
  const RunRequests& requests_;
  ToyDecoder decoder_;
  ToyLoras loras_;
  RunDcw dcw_;
  std::optional<Ring> ring_;
};

struct Emission {
  std::int64_t tick;
  std::string request;
  at::Tensor latent;
};

// One recorded run, replayed.
class Replay {
 public:
  Replay(const Golden& golden, Results& results)
      : golden_(golden), results_(results), requests_(golden) {
    events_ = golden.config().value("events", nlohmann::json::array());
    stochastic_ = golden.config().contains("draws") && golden.config()["draws"].is_array();
    if (!stochastic_) return;
    for (const auto& draw : golden.config()["draws"]) {
      draws_[{draw.at("request").get<std::string>(), draw.at("step").get<std::int64_t>()}] =
          golden.tensor(fmt::format("in.draw.{:03}", draw.at("index").get<int>()));
    }
  }

  void run() {
    const auto ticks = field<std::int64_t>(golden_.config(), "ticks", golden_.label());
    start_tables(ticks);
    std::map<std::uint64_t, std::string> names;
    Stage stage(golden_, requests_, settings(names));
    for (std::int64_t tick = 0; tick < ticks; ++tick) {
      for (const auto& event : events_) {
        if (event.at("tick").get<std::int64_t>() != tick || stage.turn(event)) continue;
        apply(stage, event, names);
      }
      if (const auto finished = stage.ring().tick()) {
        results_.add(fmt::format("out.finished.tick{:03}", tick), finished->latent,
                     value_rule(golden_));
        emissions_.push_back({tick, names.at(finished->id), finished->latent});
      }
      note(tick, stage.ring(), names);
    }
    results_.add("out.slot_request", requests_table_, kExact);
    results_.add("out.slot_step", steps_table_, kExact);
    results_.add("out.queue_len", queue_table_, kExact);
    auto rule = value_rule(golden_);
    rule.nan_is_nothing = true;
    results_.add("out.xt", states_, rule);
    add_emissions();
    for (const auto& name : requests_.names()) add_alone(name);
  }

 private:
  RingSettings settings(std::map<std::uint64_t, std::string>& names) const {
    const auto& config = golden_.config();
    RingSettings settings;
    settings.steps = field<std::int64_t>(config, "infer_steps", golden_.label());
    settings.shift = field<double>(config, "shift", golden_.label());
    settings.depth = field<std::int64_t>(config, "initial_depth", golden_.label());
    const auto cap = config.value("queue_cap", nlohmann::json("depth"));
    settings.queue_cap = cap.is_number() ? std::max<std::int64_t>(1, cap.get<std::int64_t>()) : 0;
    if (config.value("infer_method", "ode") == "sde") settings.controls.method = Method::sde;
    settings.reference = reference_ways(golden_);
    if (stochastic_) {
      settings.step_noise = [this, &names](std::uint64_t id, std::int64_t step) {
        const auto found = draws_.find({names.at(id), step});
        if (found == draws_.end())
          throw Error(ErrorKind::input, fmt::format("{}: no draw for '{}' at step {}",
                                                    golden_.label(), names.at(id), step));
        return found->second;
      };
    }
    return settings;
  }

  void apply(Stage& stage, const nlohmann::json& event,
             std::map<std::uint64_t, std::string>& names) {
    const auto op = event.at("op").get<std::string>();
    if (op == "submit") {
      const auto name = field<std::string>(event, "req", golden_.label());
      names[stage.submit(name)] = name;
    } else if (op == "set_depth") {
      stage.ring().set_depth(field<std::int64_t>(event, "value", golden_.label()));
    } else {
      throw Error(ErrorKind::input,
                  fmt::format("{}: unknown event '{}'", golden_.label(), printable(op)));
    }
  }

  void start_tables(std::int64_t ticks) {
    requests_table_ = at::full({ticks, kColumns}, kNoSlot, at::kInt);
    steps_table_ = at::full({ticks, kColumns}, kNoSlot, at::kInt);
    queue_table_ = at::zeros({ticks}, at::kInt);
    const auto shape = golden_.has("out.xt") ? golden_.shape_of("out.xt")
                                             : std::vector<std::int64_t>{ticks, kColumns, 1, 1};
    states_ = at::full(shape, std::numeric_limits<float>::quiet_NaN(), at::kFloat);
  }

  void note(std::int64_t tick, const Ring& ring,
            const std::map<std::uint64_t, std::string>& names) {
    const auto slots = ring.slots();
    for (size_t i = 0; i < slots.size() && i < static_cast<size_t>(kColumns); ++i) {
      const auto column = static_cast<std::int64_t>(i);
      const bool empty = slots[i].id == 0;
      requests_table_[tick][column] =
          static_cast<std::int64_t>(empty ? kEmpty : requests_.index(names.at(slots[i].id)));
      steps_table_[tick][column] = empty ? kEmpty : slots[i].finished_steps;
      if (empty) continue;
      if (!admitted_.contains(names.at(slots[i].id))) admitted_[names.at(slots[i].id)] = tick;
      // A slot of another length than the table has no place in it.
      if (slots[i].x.size(1) == states_.size(2)) states_[tick][column].copy_(slots[i].x[0]);
    }
    // Done within one tick, in and out.
    if (!emissions_.empty() && emissions_.back().tick == tick)
      admitted_.try_emplace(emissions_.back().request, tick);
    queue_table_[tick] = static_cast<std::int64_t>(ring.waiting());
  }

  void add_emissions() {
    const auto recorded = field<std::vector<std::pair<std::int64_t, std::string>>>(
        golden_.config(), "emitted", golden_.label());
    std::vector<std::pair<std::int64_t, std::string>> found;
    for (const auto& one : emissions_) found.emplace_back(one.tick, one.request);
    results_.fact(
        "emitted", recorded == found,
        fmt::format("{} latents, expected {}, each in its tick", found.size(), recorded.size()));
  }

  // The request in a ring of its own, under what is turned from tick `from` on (none: nothing).
  at::Tensor alone(const std::string& name, std::optional<std::int64_t> from) const {
    std::map<std::uint64_t, std::string> names;
    auto own = settings(names);
    own.depth = 1;
    Stage stage(golden_, requests_, std::move(own));
    names[stage.submit(name)] = name;
    for (std::int64_t tick = 0;; ++tick) {
      for (const auto& event : events_) {
        if (!from) break;
        const auto at = event.at("tick").get<std::int64_t>();
        if (at == *from + tick || (tick == 0 && at < *from)) (void)stage.turn(event);
      }
      if (const auto finished = stage.ring().tick()) return finished->latent;
    }
  }

  void add_alone(const std::string& name) {
    const bool narrow = golden_.config().value("dtype", "f32") == "bf16";
    results_.add(
        "out.schedule." + name,
        at::tensor(timesteps_in(reference_ways(golden_).state, golden_.config().at("infer_steps"),
                                golden_.config().at("shift"), requests_.request(name).denoise),
                   at::kDouble),
        narrow ? Rule{.absolute = 0.012} : Rule{.absolute = 2e-7});
    const auto output = "out.batch." + name;
    const auto promised = golden_.config().value("batch_equal_bitwise", nlohmann::json::object());
    const bool promise = promised.is_object() && promised.value(name, false);
    const auto emission = std::find_if(emissions_.begin(), emissions_.end(),
                                       [&](const Emission& one) { return one.request == name; });
    if (golden_.has(output) && (promise || !stochastic_))
      results_.add(output, alone(name, std::nullopt), value_rule(golden_));
    if (emission == emissions_.end()) return;
    // Company must not be heard: alone under the same controls, the same bits.
    const bool same = emission->latent.equal(alone(name, admitted_.at(name)));
    // Where the reference drew from its shared generator its batch has other noise (FIX-1).
    const bool other_noise = golden_.has(output) && stochastic_ && !promise;
    results_.fact(other_noise ? output : "bits." + name, same,
                  "in the ring and alone, under the same controls and draws: equal bit for bit");
  }

  const Golden& golden_;
  Results& results_;
  RunRequests requests_;
  nlohmann::json events_;
  bool stochastic_ = false;
  std::map<std::pair<std::string, std::int64_t>, at::Tensor> draws_;
  std::vector<Emission> emissions_;
  std::map<std::string, std::int64_t> admitted_;
  at::Tensor requests_table_, steps_table_, queue_table_, states_;
};

}  // namespace

void verify_run(Golden& golden, Results& results) { Replay(golden, results).run(); }

}  // namespace headroom::verify
