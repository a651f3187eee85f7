#include "diffusion/knobs.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom::diffusion {
namespace {

constexpr double kLargestSeed = 4294967295.0;

Knob number(std::string name, std::string group, double initial, double least, double most) {
  return {.name = std::move(name),
          .group = std::move(group),
          .least = least,
          .most = most,
          .initial = initial};
}

Knob whole(Knob knob) {
  knob.type = KnobType::integer;
  return knob;
}

Knob on_bank(Knob knob, double sensitivity) {
  knob.bank = true;
  knob.sensitivity = sensitivity;
  return knob;
}

Knob choice(std::string name, std::string group, std::vector<std::string> options,
            const std::string& initial) {
  return {.name = std::move(name),
          .type = KnobType::choice,
          .group = std::move(group),
          .initial = initial,
          .options = std::move(options)};
}

void add_core(std::vector<Knob>& knobs, SessionKind kind) {
  if (kind == SessionKind::ode) {
    knobs.push_back(on_bank(number("denoise", "core", 0.0, 0.0, 1.0), 2.0));
  } else {
    knobs.push_back(on_bank(number("sde_amp", "core", 0.0, 0.0, 1.0), 2.0));
    knobs.push_back(on_bank(number("periodicity", "core", 0.0, 0.0, 12.5), 2.0));
  }
  knobs.push_back(on_bank(whole(number("seed", "core", 0.0, 0.0, kLargestSeed)), 0.5));
  knobs.push_back(on_bank(number("feedback", "core", 0.0, 0.0, 1.0), 2.0));
  knobs.push_back(on_bank(whole(number("feedback_depth", "core", 1.0, 1.0, 8.0)), 4.0));
  knobs.push_back(on_bank(number("shift", "core", 3.5, 1.0, 6.0), 1.0));
  knobs.push_back(on_bank(number("hint_strength", "core", 1.0, 0.0, 1.0), 2.0));
  knobs.push_back(whole(number("steps_override", "core", 8.0, 1.0, 16.0)));
  knobs.push_back(on_bank(number("x0_target", "core", 0.0, 0.0, 1.0), 2.0));
}

void add_guidance(std::vector<Knob>& knobs) {
  knobs.push_back(number("guidance_scale", "guidance", 1.0, 1.0, 15.0));
  knobs.push_back(number("cfg_rescale", "guidance", 0.0, 0.0, 1.0));
  knobs.push_back(choice("rcfg_mode", "guidance", {"off", "self", "initialize", "full"}, "off"));
}

void add_correction(std::vector<Knob>& knobs) {
  Knob enabled{.name = "dcw_enabled", .type = KnobType::flag, .group = "dcw"};
  enabled.initial = true;
  knobs.push_back(std::move(enabled));
  knobs.push_back(choice("dcw_mode", "dcw", {"low", "high", "double", "pix"}, "double"));
  knobs.push_back(choice("dcw_wavelet", "dcw", {"haar", "db4", "sym8", "db8"}, "haar"));
  knobs.push_back(number("dcw_scaler", "dcw", 0.05, 0.0, 0.5));
  knobs.push_back(number("dcw_high_scaler", "dcw", 0.02, 0.0, 0.5));
  knobs.push_back(number("dcw_mult_blend", "dcw", 0.0, 0.0, 1.0));
  knobs.push_back(number("dcw_mag_phase", "dcw", 0.0, 0.0, 1.0));
  knobs.push_back(number("dcw_soft_thresh", "dcw", 0.0, 0.0, 0.3));
}

std::optional<double> number_in(const nlohmann::json& value) {
  double read = std::nan("");
  if (value.is_number()) read = value.get<double>();
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto* const end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, read);
    if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  }
  return std::isfinite(read) ? std::optional(read) : std::nullopt;
}

void coerce_number(const Knob& knob, const nlohmann::json& value, Coerced& result) {
  auto number = number_in(value);
  if (!number) {
    result.complaints.push_back(fmt::format("{}: not a number, dropped", knob.name));
    return;
  }
  // The rounding mode of a fresh process: half to even.
  if (knob.type == KnobType::integer) *number = std::nearbyint(*number);
  const double clamped = std::clamp(*number, knob.least, knob.most);
  if (clamped != *number)
    result.complaints.push_back(
        fmt::format("{}: {} is clamped to {}", knob.name, *number, clamped));
  result.values[knob.name] = clamped;
}

// Whether a flag or a choice can have that value.
bool is_one_of(const Knob& knob, const nlohmann::json& value) {
  if (knob.type == KnobType::flag) return value.is_boolean();
  return value.is_string() && std::find(knob.options.begin(), knob.options.end(),
                                        value.get<std::string>()) != knob.options.end();
}

}  // namespace

const std::vector<KnobChannels>& knob_channels() {
  static const std::vector<KnobChannels> channels = [] {
    std::vector<KnobChannels> all;
    constexpr std::int64_t width = 8;
    for (std::int64_t g = 0; g < 8; ++g)
      all.push_back({fmt::format("ch_g{}", g), g * width, (g + 1) * width - 1});
    for (const std::int64_t c : {13, 14, 19, 23, 29, 56})
      all.push_back({fmt::format("ch{}", c), c, c});
    return all;
  }();
  return channels;
}

std::vector<Knob> knob_catalogue(SessionKind kind, const std::vector<std::string>& loras) {
  std::vector<Knob> knobs;
  add_core(knobs, kind);
  for (const auto& id : loras)
    knobs.push_back(on_bank(number("lora_str_" + id, "core", 0.0, 0.0, 2.0), 2.0));
  for (const auto& channels : knob_channels()) {
    const bool group = channels.last > channels.first;
    knobs.push_back(
        on_bank(number(channels.name, group ? "groups" : "keystones", 1.0, 0.0, 3.0), 1.5));
  }
  add_guidance(knobs);
  add_correction(knobs);
  std::sort(knobs.begin(), knobs.end(),
            [](const Knob& a, const Knob& b) { return a.name < b.name; });
  return knobs;
}

Coerced coerce_knobs(const nlohmann::json& values, const std::vector<Knob>& catalogue) {
  Coerced result;
  if (!values.is_object()) {
    result.complaints.emplace_back("knobs come as an object");
    return result;
  }
  for (auto item = values.begin(); item != values.end(); ++item) {
    const auto knob = std::find_if(catalogue.begin(), catalogue.end(),
                                   [&](const Knob& one) { return one.name == item.key(); });
    const bool known = knob != catalogue.end();
    if (known && (knob->type == KnobType::number || knob->type == KnobType::integer)) {
      coerce_number(*knob, item.value(), result);
    } else if (!known || is_one_of(*knob, item.value())) {
      result.values[item.key()] = item.value();
    } else {
      result.complaints.push_back(fmt::format(
          "{}: {} is none of its values, dropped", knob->name,
          printable(item.value().dump(-1, ' ', true, nlohmann::json::error_handler_t::replace),
                    40)));
    }
  }
  return result;
}

KnobEase::KnobEase(double value, double seconds)
    : start_(value), target_(value), begin_(-seconds), seconds_(std::clamp(seconds, 0.05, 10.0)) {
  begin_ = -seconds_;
}

void KnobEase::set(double target, double now) {
  if (target == target_) return;
  start_ = value(now);
  target_ = target;
  begin_ = now;
}

double KnobEase::value(double now) const {
  constexpr double tiny = 1e-6;
  const double k = std::clamp((now - begin_) / seconds_, 0.0, 1.0);
  if (k >= 1.0) return target_;
  const double rest = 1.0 - k;
  const double value = start_ + (target_ - start_) * (1.0 - rest * rest * rest);
  return target_ == 0.0 && std::abs(value) < tiny ? 0.0 : value;
}

std::optional<double> StrengthGate::update(double knob, double now) {
  if (!last_ || knob != *last_) still_since_ = now;
  last_ = knob;
  if (applied_ && knob == *applied_) return std::nullopt;
  const bool far = !applied_ || std::abs(knob - *applied_) > step;
  if (!far && now - still_since_ < settle) return std::nullopt;
  applied_ = knob;
  return knob;
}

}  // namespace headroom::diffusion
