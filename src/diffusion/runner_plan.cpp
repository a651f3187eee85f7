#include "diffusion/runner_plan.h"

#include <algorithm>
#include <cmath>

namespace headroom::diffusion {
namespace {

constexpr double kShiftStep = 0.05;
constexpr double kHintStep = 0.02;
constexpr double kGainStep = 0.01;
constexpr double kFramesPerSecond = 25.0;

double number(const nlohmann::json& knobs, const char* name, double otherwise) {
  const auto found = knobs.find(name);
  return found != knobs.end() && found->is_number() ? found->get<double>() : otherwise;
}

std::string word(const nlohmann::json& knobs, const char* name, const char* otherwise) {
  const auto found = knobs.find(name);
  return found != knobs.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

Curve client(const nlohmann::json& knobs, const char* name, std::int64_t frames) {
  const auto found = knobs.find(name);
  if (found == knobs.end()) return {};
  const auto curve = client_curve(*found, frames);
  return curve ? Curve(*curve) : Curve();
}

std::optional<DcwSettings> correction(const nlohmann::json& knobs) {
  const auto enabled = knobs.find("dcw_enabled");
  if (enabled != knobs.end() && enabled->is_boolean() && !enabled->get<bool>()) return std::nullopt;
  DcwSettings settings;
  settings.mode = parse_dcw_mode(word(knobs, "dcw_mode", "double")).value_or(DcwMode::both);
  settings.wavelet = parse_wavelet(word(knobs, "dcw_wavelet", "haar")).value_or(Wavelet::haar);
  settings.scaler = number(knobs, "dcw_scaler", 0.05);
  settings.high_scaler = number(knobs, "dcw_high_scaler", 0.02);
  settings.advanced = {number(knobs, "dcw_mult_blend", 0.0), number(knobs, "dcw_mag_phase", 0.0),
                       number(knobs, "dcw_soft_thresh", 0.0)};
  return settings;
}

std::vector<ChannelGain> gains(const nlohmann::json& knobs) {
  std::vector<ChannelGain> entries;
  for (const auto& channels : knob_channels()) {
    const double scale = number(knobs, channels.name.c_str(), 1.0);
    if (std::abs(scale - 1.0) > kGainStep)
      entries.push_back({channels.first, channels.last, scale});
  }
  return entries;
}

void plan_guidance(const nlohmann::json& knobs, std::int64_t frames, RunnerPlan& plan) {
  plan.guidance = parse_guidance_mode(word(knobs, "rcfg_mode", "off"));
  if (!plan.guidance) return;
  plan.guidance_scale = at::full({frames}, number(knobs, "guidance_scale", 1.0), at::kFloat);
  plan.wants_negative = *plan.guidance != GuidanceMode::self;
  const double rescale = number(knobs, "cfg_rescale", 0.0);
  if (rescale > 0.0) plan.rescale = at::full({frames}, rescale, at::kFloat);
}

}  // namespace

void IdleClock::touch(double now) {
  last_ = now;
  replaying_since_.reset();
}

Activity IdleClock::decide(double now, bool has_latent, double buffer_seconds) {
  if (after_ <= 0.0 || !has_latent || now - last_ <= after_) {
    replaying_since_.reset();
    return Activity::working;
  }
  if (!replaying_since_) replaying_since_ = now;
  return now - *replaying_since_ >= buffer_seconds ? Activity::resting : Activity::replaying;
}

void FeedbackHistory::push(const at::Tensor& latent) {
  latents_.push_front(latent);
  if (latents_.size() > kept) latents_.pop_back();
}

at::Tensor FeedbackHistory::mix(const at::Tensor& source, double feedback, double depth,
                                BlendKind kind) const {
  if (feedback <= 0.0 || latents_.empty() || !source.defined()) return source;
  const auto back =
      static_cast<std::size_t>(std::clamp(std::nearbyint(depth), 1.0, static_cast<double>(kept)));
  const auto& tap = latents_[std::min(back, latents_.size()) - 1];
  if (tap.sizes() != source.sizes()) return source;
  const auto other = tap.to(source.options());
  return kind == BlendKind::slerp ? blend_slerp(source, other, feedback)
                                  : blend_linear(source, other, feedback);
}

Curve swinging(double amplitude, double periodicity, std::int64_t frames) {
  constexpr double slowest = 0.01;
  constexpr double two_pi = 2.0 * 3.14159;  // as the reference has it
  if (periodicity <= slowest) return at::full({frames}, amplitude, at::kFloat);
  const double seconds = static_cast<double>(frames) / kFramesPerSecond;
  const auto time = at::linspace(0.0, 1.0, frames, at::kFloat);
  return (at::sin(time * (two_pi * periodicity * seconds)) * 0.5 + 0.5) * amplitude;
}

RunnerPlan RunnerPlanner::plan(const nlohmann::json& knobs, std::int64_t frames) {
  RunnerPlan plan;
  plan.seed = static_cast<std::uint64_t>(std::max(0.0, number(knobs, "seed", 0.0)));
  const double shift = number(knobs, "shift", 3.5);
  if (std::abs(shift - shift_) > kShiftStep) shift_ = shift;
  plan.shift = shift_;
  plan.steps =
      static_cast<std::int64_t>(number(knobs, "steps_override", static_cast<double>(steps_)));
  plan.feedback = number(knobs, "feedback", 0.0);
  plan.feedback_depth = number(knobs, "feedback_depth", 1.0);
  const double hint = number(knobs, "hint_strength", 1.0);
  if (!hint_ || std::abs(hint - *hint_) > kHintStep) hint_ = hint;
  plan.hint = *hint_;
  plan_guidance(knobs, frames, plan);
  plan.dcw = correction(knobs);
  plan.gains = gains(knobs);
  plan.velocity_scale = client(knobs, "velocity_scale_curve", frames);
  plan.initial_noise = client(knobs, "initial_noise_curve", frames);
  plan.target_curve = client(knobs, "x0_target_curve", frames);
  plan.target_strength = plan.target_curve.defined() ? 0.0 : number(knobs, "x0_target", 0.0);
  plan.sde_denoise = client(knobs, "sde_denoise_curve", frames);
  if (kind_ == SessionKind::sde) {
    plan.denoise = 1.0;
    if (!plan.sde_denoise.defined())
      plan.sde_denoise =
          swinging(number(knobs, "sde_amp", 0.0), number(knobs, "periodicity", 0.0), frames);
  } else {
    plan.denoise = number(knobs, "denoise", 0.0);
  }
  return plan;
}

}  // namespace headroom::diffusion
