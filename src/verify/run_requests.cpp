#include "verify/run_requests.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace headroom::verify {

using namespace diffusion;

namespace {

std::optional<StepRange> step_range(const nlohmann::json& value) {
  if (!value.is_array()) return std::nullopt;
  return StepRange{value.at(0).get<double>(), value.at(1).get<double>()};
}

nlohmann::json get(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? nlohmann::json(nullptr) : *found;
}

}  // namespace

RunRequests::RunRequests(const Golden& golden) : golden_(golden) {
  names_ = field<std::vector<std::string>>(golden.config(), "request_ids", golden.label());
}

int RunRequests::index(const std::string& name) const {
  const auto found = std::find(names_.begin(), names_.end(), name);
  return found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
}

Curve RunRequests::curve(const nlohmann::json& value) const {
  if (value.is_null()) return {};
  if (value.is_number()) return value.get<double>();
  return golden_.tensor(value.get<std::string>());
}

at::Tensor RunRequests::latent(const nlohmann::json& value) const {
  return value.is_string() ? golden_.tensor(value.get<std::string>()) : at::Tensor();
}

Condition RunRequests::condition(const nlohmann::json& value) const {
  return {.states = latent(value.at("states")),
          .mask = latent(value.at("mask")),
          .weight = curve(get(value, "temporal_weight")),
          .range = step_range(get(value, "step_range"))};
}

LatentMask RunRequests::mask(const nlohmann::json& value) const {
  if (!value.is_object()) return {};
  LatentMask mask{.mask = curve(value.at("mask")),
                  .original = latent(value.at("original_latents")),
                  .noise = latent(get(value, "noise"))};
  const auto strength = get(value, "step_strength");
  if (strength.is_object()) {
    // The files' one formula: a + b·step/total.
    const double a = strength.at("a").get<double>();
    const double b = strength.at("b").get<double>();
    mask.strength = [=](std::int64_t step, std::int64_t steps) {
      return a + b * static_cast<double>(step) / static_cast<double>(steps);
    };
  }
  return mask;
}

Guidance RunRequests::guidance(const nlohmann::json& request) const {
  Guidance guidance{.scale = curve(get(request, "guidance_curve")),
                    .rescale = curve(get(request, "cfg_rescale_curve"))};
  if (request.contains("apg_momentum")) guidance.momentum = curve(request["apg_momentum"]);
  const auto mode = get(request, "rcfg_mode");
  if (mode.is_string()) {
    const auto parsed = parse_guidance_mode(mode.get<std::string>());
    if (!parsed)
      throw Error(ErrorKind::input, fmt::format("{}: unknown rcfg_mode '{}'", golden_.label(),
                                                printable(mode.get<std::string>())));
    guidance.mode = *parsed;
  }
  for (const auto& negative : request.value("neg_conditions", nlohmann::json::array()))
    guidance.negatives.push_back(condition(negative));
  return guidance;
}

Request RunRequests::request(const std::string& name) const {
  const auto all = field<nlohmann::json>(golden_.config(), "requests", golden_.label());
  const auto json = field<nlohmann::json>(all, name, golden_.label());
  const auto prefix = "in." + name + ".";
  Request request;
  request.context = golden_.tensor(prefix + "ctx");
  Condition primary{golden_.tensor(prefix + "enc.states"), golden_.tensor(prefix + "enc.mask")};
  primary.weight = curve(get(json, "primary_temporal_weight"));
  primary.range = step_range(get(json, "primary_step_range"));
  request.conditions.push_back(std::move(primary));
  for (const auto& extra : json.value("extra_conditions", nlohmann::json::array()))
    request.conditions.push_back(condition(extra));
  const auto seed = get(json, "seed");
  if (seed.is_number_integer()) request.seed = seed.get<std::uint64_t>();
  if (golden_.has("in.noise." + name)) request.noise = golden_.tensor("in.noise." + name);
  request.source = latent(get(json, "source_latents"));
  request.denoise = json.value("denoise", 1.0);
  request.initial_noise = curve(get(json, "initial_noise_curve"));
  request.velocity_scale = curve(get(json, "velocity_scale"));
  request.ode_noise = curve(get(json, "ode_noise_curve"));
  request.sde_denoise = curve(get(json, "sde_denoise_curve"));
  request.target.latent = latent(get(json, "x0_target"));
  if (json.contains("x0_target_strength"))
    request.target.strength = curve(json["x0_target_strength"]);
  request.target.curve = curve(get(json, "x0_target_curve"));
  request.target.gate = json.value("x0_target_gate", 0.0);
  request.mask = mask(get(json, "latent_mask"));
  request.guidance = guidance(json);
  return request;
}

ReferenceWays reference_ways(const Golden& golden) {
  const bool first = golden.config().value("revision", "r1") == "r1";
  return {.late_delivery = first,
          .drop_one = first,
          .discard_on_shrink = true,
          .bursts = true,
          .dcw_in_kept_frames = true,
          .state = golden.config().value("dtype", "f32") == "bf16" ? at::kBFloat16 : at::kFloat};
}

void RunDcw::change(const nlohmann::json& json, const RunRequests& requests,
                    const std::string& label) {
  const auto unknown = [&](const char* what) {
    return Error(ErrorKind::input, fmt::format("{}: unknown {} of the corrector", label, what));
  };
  enabled_ = json.value("enabled", enabled_);
  if (json.contains("mode")) {
    const auto mode = parse_dcw_mode(json["mode"].get<std::string>());
    if (!mode) throw unknown("mode");
    settings_.mode = *mode;
  }
  if (json.contains("wavelet")) {
    const auto wavelet = parse_wavelet(json["wavelet"].get<std::string>());
    if (!wavelet) throw unknown("wavelet");
    settings_.wavelet = *wavelet;
  }
  if (json.contains("scaler")) settings_.scaler = requests.curve(json["scaler"]);
  if (json.contains("high_scaler")) settings_.high_scaler = requests.curve(json["high_scaler"]);
  if (json.contains("advanced") && json["advanced"].is_array()) {
    const auto faders = json["advanced"].get<std::array<double, 3>>();
    settings_.advanced = {faders[0], faders[1], faders[2]};
  }
}

std::optional<DcwSettings> RunDcw::now() const {
  return enabled_ ? std::optional(settings_) : std::nullopt;
}

}  // namespace headroom::verify
