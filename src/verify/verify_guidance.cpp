// Guidance and the wavelet correction, operation by operation.
#include <fmt/format.h>

#include "diffusion/dcw.h"
#include "diffusion/guidance.h"
#include "diffusion/steps.h"
#include "verify/families.h"

namespace headroom::verify {
namespace {

using namespace diffusion;

Rule apg_rule(bool narrow) {
  return narrow ? Rule{.absolute = 0.05, .relative = 0.05}
                : Rule{.absolute = 5e-6, .relative = 5e-6};
}

// A number, or the name of a tensor of the file.
Curve curve_of(const Golden& golden, const nlohmann::json& json, const char* key) {
  const auto value = field<nlohmann::json>(json, key, golden.label());
  if (value.is_number()) return value.get<double>();
  return golden.tensor(value.get<std::string>());
}

void add_apg_case(const Golden& golden, size_t number, const nlohmann::json& json,
                  Results& results) {
  Workspace ws;
  const auto rule = apg_rule(json.value("dtype", "f32") == "bf16");
  Apg apg({.momentum = curve_of(golden, json, "momentum"),
           .norm_threshold = field<double>(json, "norm_threshold", golden.label()),
           .eta = field<double>(json, "eta", golden.label())});
  const auto scale = curve_of(golden, json, "guidance");
  const auto amounts = golden.config().value("rescale_values", std::vector<double>{});
  for (std::int64_t k = 0; k < field<std::int64_t>(json, "steps", golden.label()); ++k) {
    const auto with = golden.tensor(fmt::format("in.{}.cond.{}", number, k));
    const auto without = golden.tensor(fmt::format("in.{}.uncond.{}", number, k));
    const auto guided = apg.guide(ws, with, without, scale);
    results.add(fmt::format("out.{}.guided.{}", number, k), guided, rule);
    results.add(fmt::format("out.{}.running.{}", number, k), apg.average(), rule);
    for (size_t i = 0; i < amounts.size(); ++i)
      results.add(fmt::format("out.{}.rescale{}.{}", number, i, k),
                  rescale_guidance(ws, guided, with, amounts[i]), rule);
  }
}

// The factor by which `expected` is `unit`, taken where that says most: the file states the scale
// of these cases nowhere but in their results.
double factor_of(const at::Tensor& expected, const at::Tensor& unit) {
  const auto flat = unit.reshape({-1});
  const auto where = flat.abs().argmax();
  return (expected.reshape({-1})[where.item<std::int64_t>()] / flat[where.item<std::int64_t>()])
      .item<double>();
}

void add_degenerate(const Golden& golden, Results& results) {
  if (!golden.has("in.same.cond")) return;
  Workspace ws;
  const auto v = golden.tensor("in.same.cond");
  const auto zero = at::zeros_like(v);
  const double scale =
      1.0 + factor_of(golden.tensor("out.zero.guided"), Apg().guide(ws, zero, v, 2.0));
  results.add("out.same.guided", Apg().guide(ws, v, v, scale), apg_rule(false));
  const auto guided = Apg().guide(ws, zero, v, scale);
  results.add("out.zero.guided", guided, apg_rule(false));
  const double amount = 1.0 - factor_of(golden.tensor("out.zero.rescaled"), guided);
  results.add("out.zero.rescaled", rescale_guidance(ws, guided, zero, amount), apg_rule(false));
}

void add_dwt(const Golden& golden, const std::string& name, Wavelet wavelet, Results& results) {
  constexpr Rule rule{.absolute = 2e-6};
  constexpr Rule taps{.absolute = 1e-12};
  const auto low = analysis_low(wavelet);
  const auto high = analysis_high(wavelet);
  const auto tensor = [](auto begin, auto end) {
    return at::tensor(std::vector<double>(begin, end), at::kDouble);
  };
  const auto filter = "out.filter." + name;
  results.add(filter + ".dec_lo", tensor(low.begin(), low.end()), taps);
  results.add(filter + ".dec_hi", tensor(high.begin(), high.end()), taps);
  results.add(filter + ".rec_lo", tensor(low.rbegin(), low.rend()), taps);
  results.add(filter + ".rec_hi", tensor(high.rbegin(), high.rend()), taps);
  const auto prefix = fmt::format("in.dwt.{}.", name);
  for (const auto& input : golden.names(prefix)) {
    Workspace ws;
    const auto out = fmt::format("out.dwt.{}.{}", name, input.substr(prefix.size()));
    const auto bands = analyse(ws, wavelet, golden.tensor(input));
    // The file has its bands with the channels first.
    const auto turned = [](const at::Tensor& x) { return x.transpose(1, 2); };
    results.add(out + ".lo", turned(bands.low), rule);
    results.add(out + ".hi", turned(bands.high), rule);
    const auto whole = 2 * bands.low.size(1) - static_cast<std::int64_t>(low.size()) + 2;
    results.add(out + ".inv_untrimmed", turned(synthesise(ws, wavelet, bands, whole)), rule);
  }
}

template <class T>
T named(const Golden& golden, const nlohmann::json& json, const char* key,
        std::optional<T> (*parse)(std::string_view)) {
  const auto name = field<std::string>(json, key, golden.label());
  if (const auto value = parse(name)) return *value;
  throw Error(ErrorKind::input,
              fmt::format("{}: unknown {} '{}'", golden.label(), key, printable(name)));
}

void add_dcw_case(const Golden& golden, size_t number, const nlohmann::json& json,
                  Results& results) {
  Workspace ws;
  DcwSettings settings{.mode = named(golden, json, "mode", parse_dcw_mode),
                       .scaler = curve_of(golden, json, "scaler"),
                       .high_scaler = curve_of(golden, json, "high_scaler"),
                       .wavelet = named(golden, json, "wavelet", parse_wavelet)};
  const auto faders = json.value("advanced", nlohmann::json(nullptr));
  if (faders.is_array())
    settings.advanced = {faders.at(0).get<double>(), faders.at(1).get<double>(),
                         faders.at(2).get<double>()};
  const auto dtype = json.value("dtype", std::string("f32"));
  const auto place = fmt::format("T{}.{}", field<std::int64_t>(json, "T", golden.label()), dtype);
  const auto x = golden.tensor("in.x." + place);
  const auto clean = golden.tensor("in.den." + place);
  const bool active = json.value("active", true);
  results.fact(fmt::format("case{}.active", number), settings.active() == active,
               "whether the corrector has anything to do");
  Rule rule{.absolute = settings.advanced.mag_phase > 0.0 ? 2e-5 : 2e-6};
  if (dtype == "bf16") rule = {.absolute = 0.008, .relative = 0.008};
  results.add(fmt::format("out.case.{}", number),
              settings.active()
                  ? correct(ws, settings, x, clean, field<double>(json, "t", golden.label()))
                  : x,
              rule);
}

}  // namespace

void verify_apg(Golden& golden, Results& results) {
  const auto cases = field<nlohmann::json>(golden.config(), "cases", golden.label());
  for (size_t i = 0; i < cases.size(); ++i) add_apg_case(golden, i, cases[i], results);
  add_degenerate(golden, results);
  if (!golden.has("in.proj.v0")) return;
  for (const std::int64_t dim : {1, -1}) {
    Workspace ws;
    const auto parts = project(ws, golden.tensor("in.proj.v0"), golden.tensor("in.proj.v1"), dim);
    results.add(fmt::format("out.proj.dim{}.par", dim), parts.parallel, apg_rule(false));
    results.add(fmt::format("out.proj.dim{}.orth", dim), parts.orthogonal, apg_rule(false));
  }
}

void verify_dcw(Golden& golden, Results& results) {
  for (const char* name : {"haar", "db4", "sym8", "db8"})
    add_dwt(golden, name, *parse_wavelet(name), results);
  const auto cases = field<nlohmann::json>(golden.config(), "cases", golden.label());
  for (size_t i = 0; i < cases.size(); ++i) add_dcw_case(golden, i, cases[i], results);
  for (const char* form : {"even", "odd"}) {
    const auto input = fmt::format("in.analytic.{}", form);
    if (!golden.has(input)) continue;
    const auto signal = analytic_signal(golden.tensor(input));
    results.add(fmt::format("out.analytic.{}.re", form), signal.real, {.absolute = 2e-6});
    results.add(fmt::format("out.analytic.{}.im", form), signal.imaginary, {.absolute = 2e-6});
  }
}

}  // namespace headroom::verify
