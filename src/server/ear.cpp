#include "server/ear.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "wire/constants.gen.h"
#include "wire/knobs.h"
#include "wire/slice_delta.h"

namespace headroom::server {
namespace {

// Root mean square of a change that counts: halves of loud sound are 1.4e-4 apart from their
// floats.
constexpr double kChange = 1e-3;
// Without such a change for so long, a buffer is still: many slices at any pace of use.
constexpr double kStill = 0.5;
// A slice is behind the playhead when it begins up to so far behind it (a quarter of a short
// buffer); anything else is ahead, around the end.
constexpr double kBehind = 1.0;
// Grain in which refreshed sound is counted: 10 ms.
constexpr std::uint32_t kBlock = 480;
// The engine rounds what it says.
constexpr double kRounding = 0.0051;

}  // namespace

Spread spread_of(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size())));
    return values[std::max<std::size_t>(rank, 1) - 1];
  };
  return {values.size(), at(0.5), at(0.9), at(0.99), values.front(), values.back()};
}

std::optional<Acts> acts_of(std::string_view name) {
  const auto* const knob = wire::find_knob(name);
  if (knob == nullptr || knob->prefix || knob->type != wire::KnobType::number) return std::nullopt;
  const bool shared = knob->group == "groups" || knob->group == "keystones" ||
                      knob->group == "dcw" || knob->name == "sde_amp" ||
                      knob->name == "periodicity" || knob->name == "x0_target";
  return shared ? Acts::next_tick : Acts::admission;
}

Ear::Ear(Settings settings) : settings_(std::move(settings)) {
  const auto acts = acts_of(settings_.knob);
  if (!acts)
    throw Error(ErrorKind::usage, "'" + printable(settings_.knob) + "' is no knob with a number");
  acts_ = *acts;
}

void Ear::begin(double now, const std::vector<std::uint16_t>& halves, std::uint32_t channels) {
  channels_ = std::max(channels, 1U);
  mirror_.resize(halves.size());
  std::transform(halves.begin(), halves.end(), mirror_.begin(), wire::from_half);
  frames_ = static_cast<std::uint32_t>(mirror_.size() / channels_);
  fresh_.assign((frames_ + kBlock - 1) / kBlock, true);
  began_ = now;
  walked_ = 0;
  last_change_ = now;
}

double Ear::playhead(double now) const {
  const double length = static_cast<double>(frames_) / settings_.sample_rate;
  return length > 0.0 ? std::fmod(std::max(0.0, now - began_), length) : 0.0;
}

double Ear::lead_of(double now, std::uint32_t start) const {
  const double length = static_cast<double>(frames_) / settings_.sample_rate;
  const double ahead = std::fmod(
      static_cast<double>(start) / settings_.sample_rate - playhead(now) + length, length);
  return ahead > length - std::min(kBehind, length / 4.0) ? ahead - length : ahead;
}

// What the slice changes, root mean square, while the mirror takes it.
double Ear::write(const wire::SliceFrame& slice) {
  const bool whole = slice.header.flags == wire::kSliceRaw;
  auto* const mine = mirror_.data() + std::size_t{slice.header.start} * channels_;
  double sum = 0.0;
  for (std::size_t i = 0; i < slice.halves.size(); ++i) {
    const float said = wire::from_half(slice.halves[i]);
    const float change = whole ? said - mine[i] : said;
    mine[i] = whole ? said : mine[i] + said;
    sum += static_cast<double>(change) * change;
  }
  return std::sqrt(sum / static_cast<double>(std::max<std::size_t>(slice.halves.size(), 1)));
}

// The playhead goes on: through what was refreshed, or not.
void Ear::walk(double now) {
  const auto blocks = fresh_.size();
  if (blocks == 0) return;
  const double played = std::max(0.0, now - began_) * settings_.sample_rate;
  const auto laps = static_cast<std::uint64_t>(played / frames_);
  const auto rest = static_cast<std::uint32_t>(played - static_cast<double>(laps) * frames_);
  const auto reached = laps * blocks + rest / kBlock;
  for (; walked_ < reached; ++walked_) {
    const auto block = walked_ % blocks;
    if (first_slice_) {
      ++walk_began_;
      if (!fresh_[block]) ++stale_;
    }
    fresh_[block] = false;
  }
}

void Ear::refresh(std::uint32_t start, std::uint32_t count) {
  for (auto block = start / kBlock; block <= (start + count - 1) / kBlock; ++block)
    fresh_[block] = true;
}

// Once around with one value: what lies ahead was made with it.
bool Ear::was_still(double now) const {
  if (!first_slice_ || now - last_change_ < kStill) return false;
  const double lap = static_cast<double>(frames_) / settings_.sample_rate;
  if (heard_.turns.empty()) return now - *first_slice_ > lap;
  const auto& last = heard_.turns.back();
  return last.full && now - last.sent - *last.full > lap;
}

void Ear::slice(double now, const wire::SliceFrame& slice, std::size_t bytes) {
  const auto& header = slice.header;
  if (header.channels != channels_ || header.count == 0 || header.start >= frames_ ||
      header.count > frames_ - header.start ||
      slice.halves.size() != std::size_t{header.count} * channels_) {
    ++heard_.bad_slices;
    return;
  }
  walk(now);
  if (!first_slice_) {
    first_slice_ = now;
    // What lies before the playhead was never promised; it counts from the next time around.
    std::fill(fresh_.begin(), fresh_.end(), true);
  }
  ++heard_.slices;
  heard_.raw_slices += header.flags == wire::kSliceRaw ? 1U : 0U;
  heard_.bytes += bytes;
  const double lead = lead_of(now, header.start);
  leads_.push_back(lead);
  worst_lead_ = std::min(worst_lead_.value_or(lead), lead);
  if (lead < 0.0) ++heard_.late_slices;
  const double change = write(slice);
  if (change > kChange) last_change_ = now;
  refresh(header.start, header.count);
  decodes_.push_back(header.decode_ms / 1000.0);
  if (header.generations != generations_) ticks_.push_back(header.tick_ms / 1000.0);
  generations_ = header.generations;
  if (!heard_.turns.empty() && lead >= 0.0)
    note(heard_.turns.back(), now, lead, header.generations, change);
}

void Ear::note(Turn& turn, double now, double lead, std::uint32_t generations,
               double change) const {
  const auto set = [&](std::optional<double>& arrived, std::optional<double>& heard) {
    if (arrived) return;
    arrived = now - turn.sent;
    heard = *arrived + lead;
  };
  if (turn.still && change > kChange) set(turn.changed, turn.changed_heard);
  if (!turn.taken_at) return;
  const bool full = generations > *turn.taken_at + settings_.depth;
  const bool first = acts_ == Acts::next_tick ? generations > *turn.taken_at : full;
  if (first) set(turn.first, turn.first_heard);
  if (full) set(turn.full, turn.full_heard);
}

void Ear::update(double now, const nlohmann::json& params) {
  if (heard_.turns.empty() || heard_.turns.back().taken_at) return;
  auto& turn = heard_.turns.back();
  const auto value = params.find(settings_.knob);
  const auto generations = params.find("num_gens");
  if (value == params.end() || !value->is_number() || generations == params.end() ||
      !generations->is_number_integer())
    return;
  if (std::abs(value->get<double>() - turn.value) > kRounding) return;
  turn.taken_at = generations->get<std::uint32_t>();
  turn.applied = now - turn.sent;
}

void Ear::turned(double now, double value) {
  heard_.turns.push_back(
      {.sent = now, .value = value, .seen = generations_, .still = was_still(now)});
}

std::optional<double> Ear::take_worst_lead() { return std::exchange(worst_lead_, std::nullopt); }

Heard Ear::heard(double now) {
  walk(now);
  auto heard = heard_;
  heard.seconds = first_slice_ ? now - *first_slice_ : 0.0;
  const double block = static_cast<double>(kBlock) / settings_.sample_rate;
  heard.played = static_cast<double>(walk_began_) * block;
  heard.stale = static_cast<double>(stale_) * block;
  heard.lead = spread_of(leads_);
  heard.tick = spread_of(ticks_);
  heard.decode = spread_of(decodes_);
  heard.generations = generations_;
  return heard;
}

}  // namespace headroom::server
