#include "studio/separation.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "audio/channels.h"
#include "audio/crossfade.h"
#include "audio/resample.h"
#include "audio/stems.h"
#include "studio/finite.h"

namespace headroom::studio {
namespace {

constexpr std::int64_t kFadeFraction = 10;  // a chunk fades over a tenth of its length

// The mixture as the reference pads it: mirrored at both ends by `border` samples, none if it is
// too short for that. Positions below are in the padded signal.
struct Padded {
  const at::Tensor& mixture;
  std::int64_t border;

  std::int64_t length() const { return mixture.size(1) + 2 * border; }

  at::Tensor segment(std::int64_t begin, std::int64_t count) const {
    const auto last = mixture.size(1) - 1;
    const auto from = begin - border;
    if (from >= 0 && from + count <= last + 1) return mixture.narrow(1, from, count);
    auto index = at::arange(from, from + count, at::kLong).abs_();
    index = last - (last - index).abs_();
    return mixture.index_select(1, index);
  }
};

// A last, shorter segment is filled up: mirrored when there is enough to mirror, else with zeros.
at::Tensor fill_chunk(const at::Tensor& segment, std::int64_t chunk) {
  const auto missing = chunk - segment.size(1);
  if (missing == 0) return segment;
  if (segment.size(1) > chunk / 2 + 1)
    return at::reflection_pad1d(segment.unsqueeze(0), {0, missing})[0];
  return at::constant_pad_nd(segment, {0, missing});
}

// Overlap-add with a moving origin: sums of window · stem and of window, one chunk long.
class Blender {
 public:
  Blender(at::IntArrayRef shape, std::int64_t chunk)
      : sum_(at::zeros({shape[0], shape[1], chunk})), weight_(at::zeros({chunk})) {}

  void add(const at::Tensor& stems, const at::Tensor& window) {
    const auto count = window.size(0);
    sum_.narrow(2, 0, count).add_(stems.narrow(2, 0, count) * window);
    weight_.narrow(0, 0, count).add_(window);
  }

  /// The first `count` positions are complete: returns them and moves on by as much.
  at::Tensor take(std::int64_t count) {
    constexpr double least = 1e-8;
    auto done = sum_.narrow(2, 0, count) / weight_.narrow(0, 0, count).clamp_min(least);
    sum_ = at::constant_pad_nd(sum_.narrow(2, count, sum_.size(2) - count), {0, count});
    weight_ = at::constant_pad_nd(weight_.narrow(0, count, weight_.size(0) - count), {0, count});
    return done;
  }

 private:
  at::Tensor sum_;
  at::Tensor weight_;
};

// Where the finished signal goes: cuts the border off and adds the remainder stem.
class Output {
 public:
  Output(const models::RoformerConfig& config, const at::Tensor& mixture, std::int64_t border,
         const StemSink& sink)
      : config_(config), mixture_(mixture), skip_(border), sink_(sink) {}

  void write(at::Tensor stems) {
    const auto skipped = std::min(skip_, stems.size(2));
    skip_ -= skipped;
    const auto count = std::min(stems.size(2) - skipped, mixture_.size(1) - written_);
    if (count <= 0) return;
    stems = stems.narrow(2, skipped, count);
    if (config_.stems == 1) {
      stems = at::cat({stems, (mixture_.narrow(1, written_, count) - stems[0]).unsqueeze(0)});
    }
    written_ += count;
    sink_(stems);
  }

 private:
  const models::RoformerConfig& config_;
  const at::Tensor& mixture_;
  std::int64_t skip_;
  std::int64_t written_ = 0;
  const StemSink& sink_;
};

// Audio of another rate or channel count on its way to the network, and its stems on their way
// back: resampled as they come, fitted to the audio's channels and length.
class Fit {
 public:
  Fit(const models::RoformerConfig& config, const at::Tensor& audio, int rate, StemSink sink)
      : channels_(audio.size(0)),
        left_(audio.size(1)),
        as_it_is_(channels_ == config.channels && rate == config.sample_rate),
        sink_(std::move(sink)) {
    if (rate == config.sample_rate) return;
    for (size_t s = 0; s < stem_names(config).size(); ++s)
      back_.emplace_back(config.sample_rate, rate, config.channels);
  }

  static at::Tensor mixture(const models::RoformerConfig& config, const at::Tensor& audio,
                            int rate) {
    return to_channels(sinc_resample(audio, rate, config.sample_rate), config.channels);
  }

  void take(const at::Tensor& stems) {
    if (as_it_is_) return sink_(stems);
    auto parts = stems.unbind(0);
    for (size_t s = 0; s < back_.size(); ++s) parts[s] = back_[s].push(parts[s]);
    emit(parts);
  }

  void finish() {
    if (back_.empty()) return;
    std::vector<at::Tensor> parts;
    for (auto& resampler : back_) parts.push_back(resampler.finish());
    emit(parts);
  }

 private:
  void emit(std::vector<at::Tensor> parts) {
    const auto count = std::min(left_, parts[0].size(1));
    if (count == 0) return;
    for (auto& stem : parts) stem = fit_stem(stem, channels_, count);
    left_ -= count;
    sink_(at::stack(parts));
  }

  std::int64_t channels_;
  std::int64_t left_;
  bool as_it_is_;
  StemSink sink_;
  std::vector<SincResampler> back_;
};

}  // namespace

std::vector<std::string> stem_names(const models::RoformerConfig& config) {
  if (config.stems <= 2) return {"vocals", "instruments"};
  if (config.stems == 4) return {"vocals", "drums", "bass", "other"};
  std::vector<std::string> names;
  for (std::int64_t i = 1; i <= config.stems; ++i) names.push_back(fmt::format("stem{}", i));
  return names;
}

struct Separation::State {
  State(const models::RoformerConfig& network, const at::Tensor& audio, int rate, StemSink to,
        Progress& told, std::int64_t overlaps)
      : config(network),
        mixture(Fit::mixture(network, audio, rate)),
        fit(network, audio, rate, std::move(to)),
        sink([this](const at::Tensor& block) { fit.take(block); }),
        progress(told),
        step(config.chunk / overlaps),
        border(mixture.size(1) > 2 * (config.chunk - step) ? config.chunk - step : 0),
        padded{mixture, border},
        // A chunk that begins behind the last kept sample lies wholly in the discarded border.
        runs((border + mixture.size(1) + step - 1) / step),
        blender({config.stems, config.channels}, config.chunk),
        output(config, mixture, border, sink) {}

  std::int64_t begin() const { return run * step; }
  std::int64_t count() const { return std::min(config.chunk, padded.length() - begin()); }

  models::RoformerConfig config;
  at::Tensor mixture;
  Fit fit;
  StemSink sink;
  Progress& progress;
  std::int64_t step;
  std::int64_t border;
  Padded padded;
  std::int64_t runs;
  std::int64_t run = 0;
  Blender blender;
  Output output;
};

Separation::Separation(const models::RoformerConfig& config, const at::Tensor& audio, int rate,
                       StemSink sink, Progress& progress, std::int64_t overlaps)
    : state_(std::make_unique<State>(config, audio, rate, std::move(sink), progress, overlaps)) {
  progress.stage("separate", state_->runs);
}

Separation::~Separation() = default;

bool Separation::done() const { return state_->run == state_->runs; }

at::Tensor Separation::chunk() const {
  const auto& s = *state_;
  return fill_chunk(s.padded.segment(s.begin(), s.count()), s.config.chunk);
}

void Separation::take(const at::Tensor& stems) {
  auto& s = *state_;
  require_finite(stems, "separator");
  const auto chunk = s.config.chunk;
  const bool first = s.run == 0;
  const bool last = !first && s.begin() + chunk >= s.padded.length();
  const auto window =
      trapezoid_window(chunk, chunk / kFadeFraction, {.head = !first, .tail = !last});
  s.blender.add(stems, window.narrow(0, 0, s.count()));
  const auto complete = s.run + 1 < s.runs ? s.step : s.count();
  ++s.run;
  s.output.write(s.blender.take(complete));
  if (done()) s.fit.finish();
  s.progress.step();
}

void separate(const models::Roformer& roformer, const at::Tensor& audio, int rate,
              const StemSink& sink, Progress& progress, std::int64_t overlaps) {
  Separation separation(roformer.config, audio, rate, sink, progress, overlaps);
  while (!separation.done()) separation.take(models::separate_chunk(roformer, separation.chunk()));
}

}  // namespace headroom::studio
