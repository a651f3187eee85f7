// LoRA files: what they change, how changes add up, and what stands beside them.
#include <set>

#include <fmt/format.h>

#include "diffusion/lora.h"
#include "diffusion/lora_metadata.h"
#include "diffusion/lora_stack.h"
#include "verify/families.h"
#include "verify/toy_loras.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

// The base weights of one dtype under a stack.
class Base {
 public:
  Base(const Golden& golden, const std::string& dtype) {
    const auto prefix = fmt::format("in.base.{}.", dtype);
    base_ = tensors_below(golden, prefix);
    weights_ = base_;
  }

  std::map<std::string, LoraTarget> targets() {
    std::map<std::string, LoraTarget> targets;
    for (auto& [name, weight] : weights_)
      targets[name] = {&weight, [this, key = name] { return base_.at(key); }};
    return targets;
  }
  const std::map<std::string, at::Tensor>& weights() const { return weights_; }
  bool empty() const { return base_.empty(); }

 private:
  std::map<std::string, at::Tensor> base_;
  std::map<std::string, at::Tensor> weights_;
};

Rule rule_of(const std::string& dtype) {
  if (dtype == "bf16") return {.absolute = 0.05};
  return {.absolute = dtype == "f16" ? 0.008 : 2e-6};
}

std::vector<std::string> files_of(const Golden& golden) {
  return field<std::vector<std::string>>(golden.config(), "files", golden.label());
}

Result<Lora, LoraRefusal> read(const Golden& golden, const std::string& file,
                               const LoraShapes& shapes, const LoraReading& reading) {
  return read_lora(tensors_below(golden, fmt::format("in.file.{}.", file)), shapes, reading);
}

// A file of which the reference took nothing is one that it did not understand (f6, f7) or could
// not use (f8); here it is read, or refused with a reason.
void add_deltas(const Golden& golden, const std::string& dtype, const LoraShapes& shapes,
                Results& results) {
  for (const auto& file : files_of(golden)) {
    const auto lora = read(golden, file, shapes, {.scale_by_alpha = false});
    const auto recorded = golden.config()
                              .value("compute", nlohmann::json::object())
                              .value(fmt::format("{}.{}", dtype, file), nlohmann::json::object());
    if (recorded.contains("error")) {
      const bool refused =
          !lora && lora.error().reason.find("incompatible base model") != std::string::npos;
      results.fact(fmt::format("{}.{}.refused", dtype, file), refused,
                   lora ? "was accepted" : lora.error().reason);
      continue;
    }
    if (!lora) {
      results.fact(fmt::format("{}.{}.refused", dtype, file),
                   recorded.value("params", nlohmann::json::array()).empty(), lora.error().reason);
      continue;
    }
    for (const auto& delta : lora.value().deltas)
      results.add(fmt::format("out.delta.{}.{}.{}", dtype, file, delta.target), delta.full(),
                  rule_of(dtype));
  }
}

// (alpha/rank)·B·A, over every module of the file.
void add_scaled_deltas(const Golden& golden, Results& results) {
  LoraShapes shapes;
  for (const auto& file : files_of(golden)) {
    const auto prefix = fmt::format("out.spec_delta.{}.", file);
    for (const auto& name : golden.names(prefix))
      shapes[name.substr(prefix.size())] = golden.shape_of(name);
  }
  const auto alphas = golden.config().value("spec_alpha", nlohmann::json::object());
  for (const auto& file : files_of(golden)) {
    LoraReading reading;
    if (alphas.contains(file) && alphas[file].is_number())
      reading.adapter_config = {{"lora_alpha", alphas[file]}};
    const auto lora = read(golden, file, shapes, reading);
    if (!lora) continue;
    for (const auto& delta : lora.value().deltas)
      results.add(fmt::format("out.spec_delta.{}.{}", file, delta.target), delta.full(),
                  rule_of("f32"));
  }
}

struct Call {
  std::string op;
  std::string id;
  std::optional<double> strength;
  bool refused;
};

Call call_of(const nlohmann::json& row) {
  Call call{row.at(0), row.at(1).at(0), std::nullopt, row.at(3).is_string()};
  if (row.at(1).size() > 1) call.strength = row.at(1).at(1).get<double>();
  if (row.at(2).contains("strength")) call.strength = row.at(2)["strength"].get<double>();
  return call;
}

// The recorded calls, one after the other, with weights after each of them.
class Sequence {
 public:
  Sequence(const Golden& golden, std::string dtype, Results& results)
      : golden_(golden),
        dtype_(std::move(dtype)),
        results_(results),
        base_(golden, dtype_),
        stack_(base_.targets()) {}

  void run() {
    const auto sequence = golden_.config().value("sequence", nlohmann::json::array());
    for (size_t i = 0; i < sequence.size(); ++i) {
      const auto call = call_of(sequence[i]);
      const bool refused = !apply(call);
      stack_.merge_all();
      // The reference "enables" a file of which it understands nothing (FIX-11c).
      const bool blind = golden_.config()["compute"]
                             .value(fmt::format("{}.{}", dtype_, call.id), nlohmann::json::object())
                             .value("params", nlohmann::json::array())
                             .empty();
      if (!blind)
        results_.fact(fmt::format("{}.s{}", dtype_, i), refused == call.refused,
                      fmt::format("{} of {}: {}", call.op, call.id, refused ? "refused" : "done"));
      for (const auto& [target, weight] : base_.weights()) add(i, target, weight);
    }
  }

 private:
  bool apply(const Call& call) {
    if (call.op == "disable_lora" || call.op == "remove_lora") {
      stack_.disable(call.id);
      return true;
    }
    if (call.op == "set_lora_strength") {
      const auto set = stack_.set_strength(call.id, call.strength.value_or(0.0));
      if (set) strengths_[call.id] = *call.strength;
      return static_cast<bool>(set);
    }
    const auto lora = read(golden_, call.id, stack_.shapes(), {.scale_by_alpha = false});
    if (!lora) return false;
    // What the recording could not read stays out here as well.
    if (golden_.config()["compute"][fmt::format("{}.{}", dtype_, call.id)].value("bytes", 0) == 0)
      return true;
    if (stack_.enabled(call.id) && call.strength && *call.strength != stack_.strength(call.id)) {
      lost_ = call.id;
      before_ = base_.weights();
      for (const auto& delta : lora.value().deltas) lost_targets_.insert(delta.target);
    }
    const auto order = static_cast<std::size_t>(std::atoi(call.id.c_str() + 1));
    const double strength = call.strength.value_or(strengths_[call.id]);
    strengths_[call.id] = strength;
    return static_cast<bool>(stack_.enable(call.id, order, lora.value(), strength));
  }

  // A change of strength that the reference lost (FIX-11b) reaches its weights only when something
  // else makes it merge them anew: until then they are those before the change.
  void add(size_t step, const std::string& target, const at::Tensor& weight) {
    const auto output = fmt::format("out.weights.{}.s{}.{}", dtype_, step, target);
    const bool lost = !lost_.empty() && stack_.enabled(lost_) && lost_targets_.contains(target);
    if (!lost || !golden_.has(output)) {
      results_.add(output, weight, rule_of(dtype_));
      return;
    }
    const auto recorded = golden_.tensor(output);
    // At twice the strength of the other steps the reference's several roundings weigh twice.
    auto rule = rule_of(dtype_);
    rule.absolute *= 2.0;
    const auto same = [&](const at::Tensor& x) {
      return compare(output, x, recorded, rule).status == Status::passed;
    };
    const bool stale = same(before_.at(target));
    results_.fact(output, stale || same(weight),
                  stale ? "the reference lost a change of strength here (FIX-11b)"
                        : "merged with the strength that was lost before");
  }

  const Golden& golden_;
  std::string dtype_;
  Results& results_;
  Base base_;
  LoraStack stack_;
  std::map<std::string, double> strengths_;
  std::string lost_;
  std::map<std::string, at::Tensor> before_;
  std::set<std::string> lost_targets_;
};

nlohmann::json record_of(const LoraMetadata& record) {
  const auto maybe = [](const auto& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
  };
  return {{"id", record.id},
          {"name", record.name},
          {"description", maybe(record.description)},
          {"trigger_words", record.trigger_words},
          {"primary_trigger_word", maybe(record.primary_trigger_word)},
          {"recommended_strength", maybe(record.recommended_strength)},
          {"recommended_steps", maybe(record.recommended_steps)},
          {"recommended_shift", maybe(record.recommended_shift)},
          {"recommended_guidance", maybe(record.recommended_guidance)},
          {"primary_genre", maybe(record.primary_genre)},
          {"secondary_genres", record.secondary_genres},
          {"tags", record.tags},
          {"moods", record.moods},
          {"base_model", maybe(record.base_model)},
          {"base_model_scale", maybe(record.base_model_scale)},
          {"has_metadata", record.has_metadata}};
}

}  // namespace

void verify_lora_delta(Golden& golden, Results& results) {
  for (const char* dtype : {"f32", "bf16", "f16"}) {
    Base base(golden, dtype);
    if (base.empty()) continue;
    LoraStack stack(base.targets());
    add_deltas(golden, dtype, stack.shapes(), results);
    Sequence(golden, dtype, results).run();
  }
  add_scaled_deltas(golden, results);
}

void verify_lora_metadata(Golden& golden, Results& results) {
  const auto cases = field<nlohmann::json>(golden.config(), "cases", golden.label());
  for (const auto& row : cases) {
    const auto id = row.at(0).get<std::string>();
    std::optional<std::string> sidecar;
    if (row.at(1).is_string()) sidecar = row.at(1).get<std::string>();
    if (row.at(1).is_object()) sidecar = row.at(1).dump();
    std::optional<std::string> trigger;
    if (row.at(2).is_string()) trigger = row.at(2).get<std::string>();
    const auto found = record_of(parse_lora_metadata(id, sidecar, trigger));
    results.fact(id, found == row.at(3), found.dump());
  }
  results.add("out.case_count", at::tensor({static_cast<std::int64_t>(cases.size())}, at::kLong),
              kExact);
}

}  // namespace headroom::verify
