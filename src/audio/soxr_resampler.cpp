#include "audio/soxr_resampler.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <soxr.h>

#include "audio/resample.h"
#include "base/error.h"

namespace headroom {
namespace {

struct Deleter {
  void operator()(::soxr* resampler) const { soxr_delete(resampler); }
};

}  // namespace

struct SoxrResampler::State {
  int from_rate;
  int to_rate;
  std::int64_t channels;
  std::unique_ptr<::soxr, Deleter> library;
  std::int64_t received = 0;
  std::int64_t produced = 0;
  bool finished = false;

  at::Tensor process(const at::Tensor& block, std::int64_t most);
};

SoxrResampler::SoxrResampler(int from_rate, int to_rate, std::int64_t channels)
    : state_(new State{from_rate, to_rate, channels, nullptr}) {
  resampled_length(0, from_rate, to_rate);  // checks the rates
  if (from_rate == to_rate) return;
  soxr_error_t error = nullptr;
  const auto layout = soxr_io_spec(SOXR_FLOAT32_S, SOXR_FLOAT32_S);
  const auto quality = soxr_quality_spec(SOXR_HQ, 0);
  const auto threads = soxr_runtime_spec(1);
  state_->library.reset(soxr_create(from_rate, to_rate, static_cast<unsigned>(channels), &error,
                                    &layout, &quality, &threads));
  if (error != nullptr || !state_->library) {
    throw Error(ErrorKind::input, fmt::format("cannot resample from {} to {} Hz: {}", from_rate,
                                              to_rate, error != nullptr ? error : "no memory"));
  }
}

SoxrResampler::~SoxrResampler() = default;
SoxrResampler::SoxrResampler(SoxrResampler&& other) noexcept = default;

// Feeds `block`, or the end of the signal when it is undefined; at most `most` samples come out.
at::Tensor SoxrResampler::State::process(const at::Tensor& block, std::int64_t most) {
  constexpr std::int64_t kRoom = 1 << 14;  // output samples per turn
  const std::int64_t samples = block.defined() ? block.size(1) : 0;
  std::vector<at::Tensor> pieces;
  std::int64_t fed = 0;
  for (std::int64_t out = 0; out < most;) {
    const std::int64_t room = std::min(kRoom, most - out);
    auto piece = at::empty({channels, room}, at::kFloat);
    std::vector<const void*> sources;
    std::vector<void*> targets;
    for (std::int64_t c = 0; c < channels; ++c) {
      if (block.defined()) sources.push_back(block.data_ptr<float>() + c * samples + fed);
      targets.push_back(piece.data_ptr<float>() + c * room);
    }
    size_t used = 0;
    size_t ready = 0;
    const auto error = soxr_process(
        library.get(), block.defined() ? static_cast<const void*>(sources.data()) : nullptr,
        static_cast<size_t>(samples - fed), &used, targets.data(), static_cast<size_t>(room),
        &ready);
    if (error != nullptr) throw Error(ErrorKind::internal, fmt::format("soxr: {}", error));
    fed += static_cast<std::int64_t>(used);
    const auto n = static_cast<std::int64_t>(ready);
    if (n > 0) pieces.push_back(piece.narrow(1, 0, n));
    out += n;
    if (n < room && fed == samples) break;
  }
  if (pieces.empty()) return at::empty({channels, 0}, at::kFloat);
  auto result = at::cat(pieces, 1);
  produced += result.size(1);
  return result;
}

at::Tensor SoxrResampler::push(const at::Tensor& block) {
  auto& s = *state_;
  if (s.finished || block.dim() != 2 || block.size(0) != s.channels) {
    throw Error(ErrorKind::internal,
                fmt::format("a resampler of {} channels was given something else, or a block after "
                            "its end",
                            s.channels));
  }
  s.received += block.size(1);
  if (!s.library) return block;
  if (block.size(1) == 0) return at::empty({s.channels, 0}, at::kFloat);
  return s.process(block.to(at::kFloat).contiguous(), std::numeric_limits<std::int64_t>::max());
}

at::Tensor SoxrResampler::finish() {
  auto& s = *state_;
  if (s.finished) throw Error(ErrorKind::internal, "a resampler was finished twice");
  s.finished = true;
  if (!s.library || s.received == 0) return at::empty({s.channels, 0}, at::kFloat);
  const std::int64_t left = resampled_length(s.received, s.from_rate, s.to_rate) - s.produced;
  const auto rest = s.process({}, left);
  // The library may round the length down by one.
  const std::int64_t missing = left - rest.size(1);
  return missing > 0 ? at::constant_pad_nd(rest, {0, missing}) : rest;
}

at::Tensor soxr_resample(const at::Tensor& audio, int from_rate, int to_rate) {
  if (from_rate == to_rate) return audio;
  SoxrResampler resampler(from_rate, to_rate, audio.size(0));
  auto body = resampler.push(audio);
  return at::cat({body, resampler.finish()}, 1);
}

}  // namespace headroom
