#include "diffusion/playhead.h"

#include <algorithm>
#include <cmath>

namespace headroom::diffusion {
namespace {

constexpr double kBucketSeconds = 10.0;
constexpr std::int64_t kBuckets = 12;

constexpr double kIntervalGain = 1.6;
constexpr double kMargin = 0.05;
constexpr double kIntervalShare = 0.1;
constexpr double kLongestInterval = 0.18;
constexpr double kMostPrewarm = 1.3;
constexpr double kLandingMargin = 0.15;
constexpr double kMostTransport = 3.0;
constexpr double kComfortable = kLandingMargin + 0.2;
constexpr double kReportStale = 10.0;
constexpr double kTransportRelease = 20.0;

}  // namespace

double ReportDelay::staleness(double sent, double arrived) {
  const double difference = arrived - sent;
  const auto index = static_cast<std::int64_t>(std::floor(arrived / kBucketSeconds));
  std::erase_if(buckets_, [&](const Bucket& bucket) { return bucket.index < index - kBuckets; });
  if (buckets_.empty() || buckets_.back().index != index) buckets_.push_back({index, difference});
  buckets_.back().least = std::min(buckets_.back().least, difference);
  double least = difference;
  for (const auto& bucket : buckets_) least = std::min(least, bucket.least);
  return difference - least;
}

double Playhead::running_until(double now) const {
  if (paused_) return anchor_time_;
  if (timeout_ > 0.0 && last_report_) return std::min(now, *last_report_ + timeout_);
  return now;
}

void Playhead::report(std::int64_t sample, double staleness, double now) {
  last_report_ = now;
  if (sample == anchor_) return;
  anchor_ = sample;
  anchor_time_ = now - staleness;
}

void Playhead::pause(double now) {
  if (paused_) return;
  // Where it stands now becomes the anchor; a report of the same sample must not move it.
  const auto elapsed = static_cast<std::int64_t>((running_until(now) - anchor_time_) * rate_);
  anchor_ += elapsed;
  anchor_time_ = now;
  paused_ = true;
}

void Playhead::resume(double now) {
  if (!paused_) return;
  anchor_time_ = now;
  last_report_ = now;
  paused_ = false;
}

std::int64_t Playhead::sample(double now, std::int64_t length) const {
  if (length <= 0) return 0;
  const double elapsed = std::max(0.0, running_until(now) - anchor_time_);
  const auto at = anchor_ + static_cast<std::int64_t>(elapsed * rate_);
  return (at % length + length) % length;
}

double Lead::seconds(bool band_armed) const {
  if (settings_.window <= 0.0) return 0.0;
  const double own =
      std::clamp(kIntervalGain * interval_ + kMargin + stall_, settings_.floor, settings_.ceiling);
  return band_armed ? own : own + transport_;
}

void Lead::note_write(double gap, double now) {
  interval_ = (1.0 - kIntervalShare) * interval_ + kIntervalShare * std::min(gap, kLongestInterval);
  stall_ *= std::exp(-gap / std::max(settings_.release, settings_.ceiling));
  const double late = gap - settings_.window + kMargin;
  if (late > stall_) stall_ = std::min(late, settings_.ceiling);
  if (gap > prewarm_) prewarm_ = std::min(gap, kMostPrewarm);
  const bool quiet =
      !last_report_ || last_report_->worst > kComfortable || now - last_report_->at > kReportStale;
  if (quiet) transport_ *= std::exp(-gap / kTransportRelease);
}

void Lead::prewarm() { stall_ = std::max(stall_, prewarm_); }

void Lead::report_landing(double worst, double now) {
  transport_ = std::min(kMostTransport, transport_ + std::max(0.0, kLandingMargin - worst));
  last_report_ = Report{worst, now};
}

double MeanLead::seconds(double floor, double cap) const {
  return std::min(std::max(mean_, floor), cap);
}

std::vector<Stretch> EmitFront::advance(std::int64_t begin, std::int64_t length) {
  if (!front_) {
    front_ = begin;
    return {};
  }
  const auto front = *front_;
  if (begin > front) {
    front_ = begin;
    return {{front, begin}};
  }
  if (front - begin > length / 2) {
    front_ = begin;
    return {{front, length}, {0, begin}};
  }
  return {};
}

}  // namespace headroom::diffusion
