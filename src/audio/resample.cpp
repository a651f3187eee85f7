#include "audio/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "base/error.h"

namespace headroom {
namespace {

constexpr double kZeroCrossings = 6.0;  // of the sinc on each side
constexpr double kRolloff = 0.99;       // cutoff relative to the lower Nyquist frequency
constexpr int kHighestRate = 10'000'000;

int checked_rate(int rate) {
  if (rate < 1 || rate > kHighestRate) {
    throw Error(ErrorKind::input, fmt::format("cannot resample at {} Hz", rate));
  }
  return rate;
}

// One tap of the filter in fp32, with the reference's order of roundings. `base` is the cutoff in
// units of the common divisor of the rates.
float tap(std::int64_t phase, std::int64_t offset, std::int64_t stride, std::int64_t phases,
          double base) {
  const auto limit = static_cast<float>(kZeroCrossings);
  const float input = static_cast<float>(offset) / static_cast<float>(stride);
  float t = static_cast<float>(-phase) / static_cast<float>(phases) + input;
  t = std::clamp(t * static_cast<float>(base), -limit, limit);
  const auto pi = static_cast<float>(std::numbers::pi);
  const float cosine = std::cos(t * pi / limit / 2.0F);
  const float window = cosine * cosine;
  t *= pi;
  const float sinc = t == 0.0F ? 1.0F : std::sin(t) / t;
  return sinc * (window * static_cast<float>(base / static_cast<double>(stride)));
}

}  // namespace

std::int64_t resampled_length(std::int64_t samples, int from_rate, int to_rate) {
  const std::int64_t divisor = std::gcd(checked_rate(from_rate), checked_rate(to_rate));
  const std::int64_t stride = from_rate / divisor;
  const std::int64_t phases = to_rate / divisor;
  // Whole rounds apart from the rest, so that no length overflows the product.
  return samples / stride * phases + (samples % stride * phases + stride - 1) / stride;
}

SincKernel::SincKernel(int from_rate, int to_rate) {
  const int divisor = std::gcd(checked_rate(from_rate), checked_rate(to_rate));
  stride_ = from_rate / divisor;
  phases_ = to_rate / divisor;
  const double base = kRolloff * static_cast<double>(std::min(stride_, phases_));
  const double reach = kZeroCrossings * static_cast<double>(stride_) / base;
  // Offsets with |t| < 6 lie strictly between centre ± reach: at most this many.
  taps_ = static_cast<std::int64_t>(std::floor(2.0 * reach)) + 1;
  first_.reserve(static_cast<size_t>(phases_));
  weights_.reserve(static_cast<size_t>(phases_ * taps_));
  for (std::int64_t p = 0; p < phases_; ++p) {
    const double centre = static_cast<double>(p * stride_) / static_cast<double>(phases_);
    const auto first = static_cast<std::int64_t>(std::ceil(centre - reach));
    first_.push_back(first);
    for (std::int64_t k = 0; k < taps_; ++k) {
      weights_.push_back(tap(p, first + k, stride_, phases_, base));
    }
    behind_ = std::max(behind_, -first);
    ahead_ = std::max(ahead_, first + taps_);
  }
}

SincResampler::SincResampler(int from_rate, int to_rate, std::int64_t channels)
    : from_rate_(from_rate),
      to_rate_(to_rate),
      kernel_(from_rate, to_rate),
      pending_(static_cast<size_t>(channels)),
      start_(-kernel_.reach_behind()) {
  for (auto& channel : pending_) channel.assign(static_cast<size_t>(kernel_.reach_behind()), 0.0F);
}

void SincResampler::append(const at::Tensor& block) {
  const auto samples = block.to(at::kFloat).contiguous();
  for (size_t c = 0; c < pending_.size(); ++c) {
    const float* row = samples.data_ptr<float>() + static_cast<std::int64_t>(c) * samples.size(1);
    pending_[c].insert(pending_[c].end(), row, row + samples.size(1));
  }
}

at::Tensor SincResampler::produce(std::int64_t outputs) {
  const auto channels = static_cast<std::int64_t>(pending_.size());
  auto result = at::empty({channels, outputs}, at::kFloat);
  const std::int64_t taps = kernel_.taps();
  std::int64_t round = produced_ / kernel_.phases() * kernel_.stride();
  for (std::int64_t c = 0; c < channels; ++c) {
    const float* input = pending_[static_cast<size_t>(c)].data();
    float* out = result.data_ptr<float>() + c * outputs;
    std::int64_t phase = produced_ % kernel_.phases();
    std::int64_t position = round - start_;
    for (std::int64_t i = 0; i < outputs; ++i) {
      const float* x = input + position + kernel_.first(phase);
      const float* h = kernel_.phase(phase);
      float sum = 0.0F;
      for (std::int64_t k = 0; k < taps; ++k) sum += h[k] * x[k];
      out[i] = sum;
      if (++phase == kernel_.phases()) {
        phase = 0;
        position += kernel_.stride();
      }
    }
  }
  produced_ += outputs;
  // Forget what no later output reaches back to.
  round = produced_ / kernel_.phases() * kernel_.stride();
  const std::int64_t drop = std::max<std::int64_t>(0, round - kernel_.reach_behind() - start_);
  for (auto& channel : pending_) {
    channel.erase(channel.begin(),
                  channel.begin() + std::min<std::ptrdiff_t>(drop, std::ssize(channel)));
  }
  start_ += drop;
  return result;
}

at::Tensor SincResampler::push(const at::Tensor& block) {
  if (finished_ || block.dim() != 2 || block.size(0) != std::ssize(pending_)) {
    throw Error(ErrorKind::internal,
                fmt::format("a resampler of {} channels was given something else, or a block after "
                            "its end",
                            pending_.size()));
  }
  append(block);
  received_ += block.size(1);
  // Whole rounds only: every phase of a round finds all of its inputs.
  const std::int64_t spare = received_ - kernel_.reach_ahead();
  const std::int64_t rounds = spare < 0 ? 0 : spare / kernel_.stride() + 1;
  return produce(std::max<std::int64_t>(0, rounds * kernel_.phases() - produced_));
}

at::Tensor SincResampler::finish() {
  if (finished_) throw Error(ErrorKind::internal, "a resampler was finished twice");
  finished_ = true;
  const std::int64_t left = resampled_length(received_, from_rate_, to_rate_) - produced_;
  // Zeros behind the signal, as many as the last outputs can reach.
  const std::int64_t padding = kernel_.reach_ahead() + kernel_.stride();
  append(at::zeros({static_cast<std::int64_t>(pending_.size()), padding}, at::kFloat));
  return produce(left);
}

at::Tensor sinc_resample(const at::Tensor& audio, int from_rate, int to_rate) {
  if (from_rate == to_rate) return audio;
  if (audio.dim() == 1) return sinc_resample(audio.unsqueeze(0), from_rate, to_rate)[0];
  // In blocks, so that the copy inside stays small beside input and output.
  constexpr std::int64_t kBlock = 1 << 16;
  SincResampler resampler(from_rate, to_rate, audio.size(0));
  auto result =
      at::empty({audio.size(0), resampled_length(audio.size(1), from_rate, to_rate)}, at::kFloat);
  std::int64_t at = 0;
  const auto put = [&](const at::Tensor& ready) {
    result.narrow(1, at, ready.size(1)).copy_(ready);
    at += ready.size(1);
  };
  for (std::int64_t from = 0; from < audio.size(1); from += kBlock) {
    put(resampler.push(audio.narrow(1, from, std::min(kBlock, audio.size(1) - from))));
  }
  put(resampler.finish());
  return result;
}

}  // namespace headroom
