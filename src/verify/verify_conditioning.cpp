// Curves, channel gains and the arithmetic on prompts.
#include <cmath>

#include <fmt/format.h>

#include "diffusion/channels.h"
#include "diffusion/curve.h"
#include "diffusion/prompt_blend.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

constexpr Rule kCurve{.absolute = 2e-6};
constexpr Rule kBlend{.absolute = 1e-6};

WaveShape wave_shape(const std::string& name) {
  if (name == "square") return WaveShape::square;
  return name == "pulse" ? WaveShape::pulse : WaveShape::sine;
}

void add_canonical(const Golden& golden, Results& results) {
  const std::string prefix = "in.norm.";
  for (const auto& name : golden.names(prefix))
    results.add("out.norm." + name.substr(prefix.size()), Curve(golden.tensor(name)).values(),
                kCurve);
  results.add("out.norm.bool", Curve(1.0).values(), kCurve);
  if (golden.has("out.norm.int")) {
    // Which integer it was stands nowhere but in the result.
    const auto value = std::llround(golden.tensor("out.norm.int").item<double>());
    results.add("out.norm.int", Curve(static_cast<double>(value)).values(), kCurve);
  }
  const auto scalars = golden.config().value("scalars", std::vector<double>{});
  for (size_t i = 0; i < scalars.size(); ++i)
    results.add(fmt::format("out.norm.scalar.{}", i), Curve(scalars[i]).values(), kCurve);
  bool refused = false;
  try {
    const Curve curve(at::zeros({1, 2, 3, 4}));
  } catch (const Error&) {
    refused = true;
  }
  results.fact("four dimensions", refused, "a curve of four dimensions must be refused");
}

void add_builders(const Golden& golden, Results& results) {
  const auto& config = golden.config();
  const auto ramps = config.value("ramps", nlohmann::json::array());
  for (size_t i = 0; i < ramps.size(); ++i)
    results.add(fmt::format("out.ramp.{}", i), ramp(ramps[i].at(0), ramps[i].at(1), ramps[i].at(2)),
                kCurve);
  const auto waves = config.value("waves", nlohmann::json::array());
  for (size_t i = 0; i < waves.size(); ++i)
    results.add(fmt::format("out.wave.{}", i),
                wave(wave_shape(waves[i].at(0)), waves[i].at(1), waves[i].at(2), waves[i].at(3),
                     waves[i].at(4)),
                kCurve);
  if (!golden.has("in.math.a")) return;
  const auto a = golden.tensor("in.math.a");
  const auto b = golden.tensor("in.math.b");
  results.add("out.math.add", combine(CurveMath::add, a, b), kCurve);
  results.add("out.math.multiply", combine(CurveMath::multiply, a, b), kCurve);
  results.add("out.math.min", combine(CurveMath::smallest, a, b), kCurve);
  results.add("out.math.max", combine(CurveMath::largest, a, b), kCurve);
  results.add("out.math.lerp", combine(CurveMath::lerp, a, b, config.value("math_lerp_t", 0.5)),
              kCurve);
}

void add_descriptors(const Golden& golden, Results& results) {
  const auto specs = golden.config().value("specs", nlohmann::json::array());
  const auto present = golden.config().value("spec_returns_value", std::vector<bool>{});
  const auto frames = golden.config().value("T", std::int64_t{0});
  for (size_t i = 0; i < specs.size(); ++i) {
    const auto curve = client_curve(specs[i], frames);
    results.fact(fmt::format("spec{}.present", i), curve.has_value() == present.at(i),
                 "whether the descriptor gives a curve");
    if (curve) results.add(fmt::format("out.spec.{}", i), *curve, kCurve);
  }
}

EncodedPrompt prompt(const Golden& golden, const std::string& name) {
  return {golden.tensor("in." + name + ".states"), golden.tensor("in." + name + ".mask")};
}

void add_prompt(const std::string& name, const EncodedPrompt& prompt, Results& results) {
  results.add("out." + name + ".states", prompt.states, kBlend);
  results.add("out." + name + ".mask", prompt.mask, kExact);
}

// "0.3" as the files write it, "1.0" for one.
std::string number_text(double value) {
  auto text = fmt::format("{}", value);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

void add_blends(const Golden& golden, Results& results) {
  const auto a = prompt(golden, "a");
  const auto b = prompt(golden, "b");
  for (const double alpha : golden.config().value("alphas", std::vector<double>{})) {
    const auto text = number_text(alpha);
    add_prompt("blend.ab." + text, blend(a, b, alpha, BlendKind::linear), results);
    add_prompt("blend.ba." + text, blend(b, a, alpha, BlendKind::linear), results);
    add_prompt("average.ab." + text, average(a, b, alpha), results);
    add_prompt("average.ba." + text, average(b, a, alpha), results);
  }
  add_prompt("zero", zeroed(a), results);
}

void add_combination(const Golden& golden, Results& results) {
  if (!golden.config().contains("combine")) return;
  const auto& expected = golden.config()["combine"];
  const auto range = [](const nlohmann::json& json) -> std::optional<StepRange> {
    if (!json.is_array()) return std::nullopt;
    return StepRange{json.at(0).get<double>(), json.at(1).get<double>()};
  };
  const auto a = prompt(golden, "a");
  const auto b = prompt(golden, "b");
  const auto both = combine({{a.states, a.mask}}, {b.states, b.mask},
                            golden.tensor("in.combine.weight"), range(expected.at("step_range_b")));
  results.add("out.combine.w0", both.at(0).weight.values().view({-1}), kBlend);
  results.add("out.combine.w1", both.at(1).weight.values().view({-1}), kBlend);
  results.fact("combine.ranges",
               both[0].range == range(expected.at("a_range")) &&
                   both[1].range == range(expected.at("b_range")),
               "b gets the range, a keeps its own");
}

void add_averages(const Golden& golden, Results& results) {
  const auto weights = golden.config().value("avg_weights", std::vector<double>{});
  for (const char* what : {"states", "ctx"}) {
    std::vector<at::Tensor> parts;
    for (size_t i = 0; i < weights.size(); ++i)
      parts.push_back(golden.tensor(fmt::format("in.avg.{}.{}", i, what)));
    if (parts.empty()) continue;
    results.add(fmt::format("out.avg.w.{}", what), weighted_average(parts, weights), kBlend);
    results.add(fmt::format("out.avg.uniform.{}", what), weighted_average(parts), kBlend);
  }
}

// Step ranges over all steps of some lengths, side by side.
at::Tensor active_table(const Golden& golden) {
  std::vector<at::Tensor> rows;
  for (const auto& json : golden.config().at("ranges")) {
    std::vector<std::int64_t> row;
    for (const std::int64_t total : {1, 4, 5, 8}) {
      for (std::int64_t step = 0; step < total; ++step) {
        row.push_back(
            json.is_null() ||
            StepRange{json.at(0).get<double>(), json.at(1).get<double>()}.contains(step, total));
      }
    }
    rows.push_back(at::tensor(row, at::kLong));
  }
  return at::stack(rows);
}

// How far between a and b a result lies, where they are farthest apart: the file states the scalar
// of these cases nowhere but in their results.
double scalar_between(const at::Tensor& a, const at::Tensor& b, const at::Tensor& result) {
  const auto apart = (b - a).reshape({-1});
  const auto where = apart.abs().argmax().item<std::int64_t>();
  return ((result - a).reshape({-1})[where] / apart[where]).item<double>();
}

}  // namespace

void verify_curves(Golden& golden, Results& results) {
  add_canonical(golden, results);
  add_builders(golden, results);
  add_descriptors(golden, results);
  const auto frames = golden.config().value("tmask_T", std::int64_t{0});
  if (golden.has("in.tmask.curve"))
    results.add("out.tmask", temporal_mask(golden.tensor("in.tmask.curve"), frames), kCurve);
  if (golden.has("out.tmask_scalar")) {
    // The scalar stands nowhere but in the result.
    const auto value = golden.tensor("out.tmask_scalar")[0].item<double>();
    results.add("out.tmask_scalar",
                client_curve({{"type", "constant"}, {"value", value}}, frames)->view({-1}), kCurve);
  }
}

void verify_channels(Golden& golden, Results& results) {
  const auto& config = golden.config();
  const auto returned = field<std::vector<bool>>(config, "gain_returned", golden.label());
  const auto sets = field<nlohmann::json>(config, "gain_sets", golden.label());
  const auto channels = golden.tensor("in.latent").size(2);
  for (size_t i = 0; i < returned.size(); ++i) {
    std::vector<ChannelGain> entries;
    // The last answer is that for no entries at all.
    for (const auto& row : i < sets.size() ? sets[i] : nlohmann::json::array()) {
      entries.push_back({row.at(0), row.at(1),
                         row.at(2).is_string()
                             ? Curve(golden.tensor("in." + row.at(2).get<std::string>()))
                             : Curve(row.at(2).get<double>())});
    }
    const auto gain = channel_gain(entries, channels);
    results.fact(fmt::format("gain{}.there", i), gain.defined() == returned[i],
                 "whether the entries make a gain");
    if (gain.defined()) results.add(fmt::format("out.gain.{}", i), gain, kExact);
  }
  const auto cases = config.value("scale_cases", nlohmann::json::array());
  for (size_t i = 0; i < cases.size(); ++i)
    results.add(
        fmt::format("out.scaled.{}", i),
        scale_channels(golden.tensor("in.latent"), cases[i].at(0), cases[i].at(1), cases[i].at(2)),
        kExact);
}

void verify_conditioning(Golden& golden, Results& results) {
  add_blends(golden, results);
  add_combination(golden, results);
  add_averages(golden, results);
  results.add("out.active", active_table(golden), kExact);
  const auto a = golden.tensor("in.lat.a");
  const auto b = golden.tensor("in.lat.b");
  const auto curve = golden.tensor("in.lat.curve");
  for (const char* what : {"lat", "hints"}) {
    const auto name = fmt::format("out.{}.scalar", what);
    results.add(name, blend_linear(a, b, scalar_between(a, b, golden.tensor(name))), kBlend);
    results.add(fmt::format("out.{}.curve", what), blend_linear(a, b, curve), kBlend);
  }
  for (const auto& row : golden.config().value("strength_selection", nlohmann::json::array())) {
    const auto end = slider_end(row.at(0));
    const auto* const name = end == SliderEnd::a ? "a" : end == SliderEnd::b ? "b" : "blend";
    results.fact(fmt::format("slider.{}", row.at(0).dump()), row.at(1) == name,
                 fmt::format("is {}", name));
  }
}

void verify_prompt_blend(Golden& golden, Results& results) {
  const PromptPair prompts{prompt(golden, "sa"), prompt(golden, "fa"), prompt(golden, "sb"),
                           prompt(golden, "fb")};
  const auto cases = field<nlohmann::json>(golden.config(), "cases", golden.label());
  for (size_t i = 0; i < cases.size(); ++i)
    add_prompt(fmt::format("{}", i),
               compose(prompts, cases[i].at(0), cases[i].at(1), BlendKind::linear), results);
}

void verify_slerp(Golden& golden, Results& results) {
  const auto a = golden.tensor("in.a");
  const auto b = golden.tensor("in.b");
  // Row 5 is antiparallel: its angle is noise, in the reference as here.
  const auto compared = [](const at::Tensor& x) {
    return at::cat({x.narrow(1, 0, 5), x.narrow(1, 6, x.size(1) - 6)}, 1);
  };
  const auto add = [&](const std::string& name, const at::Tensor& value) {
    if (!golden.has(name)) return;
    auto held = golden.tensor(name).clone();
    held.narrow(1, 0, 5).copy_(value.narrow(1, 0, 5));
    held.narrow(1, 6, value.size(1) - 6).copy_(value.narrow(1, 6, value.size(1) - 6));
    results.add(name, held, {.absolute = 1e-5});
    results.fact(name + ".finite", compared(value).isfinite().all().item<bool>(), "no NaN");
  };
  for (const auto& name : golden.names("out.slerp.")) {
    const auto text = name.substr(std::string("out.slerp.").size());
    const Curve alpha =
        text == "curve" ? Curve(golden.tensor("in.curve")) : Curve(std::atof(text.c_str()));
    add(name, blend_slerp(a, b, alpha));
  }
  for (const auto& name : golden.names("out.linear."))
    results.add(
        name, blend_linear(a, b, std::atof(name.substr(std::string("out.linear.").size()).c_str())),
        {.absolute = 1e-5});
}

}  // namespace headroom::verify
