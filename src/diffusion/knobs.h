// The knobs of a realtime session: names, ranges, defaults, and what becomes of values from
// outside. Source: specification of the streaming engine, section 21.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace headroom::diffusion {

enum class KnobType { number, integer, flag, choice };

struct Knob {
  std::string name;
  KnobType type = KnobType::number;
  std::string group;  // core, groups, keystones, guidance, dcw
  double least = 0.0;
  double most = 1.0;
  /// A number, a bool or one of `options`.
  nlohmann::json initial = 0.0;
  std::vector<std::string> options{};
  /// On the surface of hardware controllers, with that much per turn.
  bool bank = false;
  double sensitivity = 0.0;
};

/// Channels that a knob scales, both included.
struct KnobChannels {
  std::string name;
  std::int64_t first;
  std::int64_t last;
};

/// Groups of eight channels, then single ones; later entries override earlier ones.
const std::vector<KnobChannels>& knob_channels();

enum class SessionKind { ode, sde };

/// All knobs of a session, ordered by name; one "lora_str_<id>" for each LoRA.
std::vector<Knob> knob_catalogue(SessionKind kind, const std::vector<std::string>& loras);

/// Values from outside, made safe: numbers (also as text) are clamped to their range and whole ones
/// rounded half to even; a value of the wrong kind, a choice that does not exist and a null are
/// dropped, so the knob stays where it is; names that nobody knows pass. `complaints` says what was
/// clamped or dropped.
struct Coerced {
  nlohmann::json values = nlohmann::json::object();
  std::vector<std::string> complaints{};
};
Coerced coerce_knobs(const nlohmann::json& values, const std::vector<Knob>& catalogue);

/// Eases a value toward its target: start + (target − start)·(1 − (1 − k)³), k the share of the
/// time that has passed; a new target starts from where it is. Values below 1e-6 on the way to 0
/// are 0.
class KnobEase {
 public:
  explicit KnobEase(double value, double seconds = 1.0);
  void set(double target, double now);
  double value(double now) const;
  bool settled(double now) const { return now >= begin_ + seconds_; }

 private:
  double start_;
  double target_;
  double begin_ = 0.0;
  double seconds_;  // 0.05…10
};

/// Strengths of LoRAs follow their knobs when they have settled: a weight merge per message would
/// be too much, and comparing with the knob's last value instead of the applied one lets a slow
/// ramp never arrive (FIX-10).
class StrengthGate {
 public:
  /// The strength to apply now, if any: the knob has moved by more than `step` from what is
  /// applied, or has stood still for `settle` seconds anywhere else than there.
  std::optional<double> update(double knob, double now);
  void set_applied(double strength) { applied_ = strength; }

  static constexpr double step = 0.02;
  static constexpr double settle = 0.25;

 private:
  std::optional<double> applied_;
  std::optional<double> last_;
  double still_since_ = 0.0;
};

}  // namespace headroom::diffusion
