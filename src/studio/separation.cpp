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

}  // namespace

std::vector<std::string> stem_names(const models::RoformerConfig& config) {
  if (config.stems <= 2) return {"vocals", "instruments"};
  if (config.stems == 4) return {"vocals", "drums", "bass", "other"};
  std::vector<std::string> names;
  for (std::int64_t i = 1; i <= config.stems; ++i) names.push_back(fmt::format("stem{}", i));
  return names;
}

struct Separation::State {
  State(const models::RoformerConfig& network, at::Tensor audio, StemSink to, Progress& told,
        std::int64_t overlaps)
      : config(network),
        mixture(std::move(audio)),
        sink(std::move(to)),
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

Separation::Separation(const models::RoformerConfig& config, at::Tensor mixture, StemSink sink,
                       Progress& progress, std::int64_t overlaps)
    : state_(std::make_unique<State>(config, std::move(mixture), std::move(sink), progress,
                                     overlaps)) {
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
  s.progress.step();
}

void separate(const models::Roformer& roformer, const at::Tensor& mixture, const StemSink& sink,
              Progress& progress, std::int64_t overlaps) {
  Separation separation(roformer.config, mixture, sink, progress, overlaps);
  while (!separation.done()) separation.take(models::separate_chunk(roformer, separation.chunk()));
}

void separate_at_rate(const models::Roformer& roformer, const at::Tensor& audio, int rate,
                      const StemSink& sink, Progress& progress, std::int64_t overlaps) {
  const auto& config = roformer.config;
  const auto channels = audio.size(0);
  const auto mixture = to_channels(sinc_resample(audio, rate, config.sample_rate), config.channels);
  if (rate == config.sample_rate) {
    if (channels == config.channels) return separate(roformer, mixture, sink, progress, overlaps);
    const auto fitted = [&](const at::Tensor& block) {
      std::vector<at::Tensor> parts;
      for (const auto& stem : block.unbind(0))
        parts.push_back(fit_stem(stem, channels, stem.size(1)));
      sink(at::stack(parts));
    };
    return separate(roformer, mixture, fitted, progress, overlaps);
  }

  std::vector<SincResampler> back;
  const auto stems = static_cast<std::int64_t>(stem_names(config).size());
  for (std::int64_t s = 0; s < stems; ++s)
    back.emplace_back(config.sample_rate, rate, config.channels);
  std::int64_t left = audio.size(1);
  const auto emit = [&](const std::function<at::Tensor(std::int64_t)>& part) {
    std::vector<at::Tensor> parts;
    for (std::int64_t s = 0; s < stems; ++s) parts.push_back(part(s));
    const auto count = std::min(left, parts[0].size(1));
    if (count == 0) return;
    for (auto& stem : parts) stem = fit_stem(stem, channels, count);
    left -= count;
    sink(at::stack(parts));
  };
  separate(
      roformer, mixture,
      [&](const at::Tensor& block) {
        emit([&](std::int64_t s) { return back[static_cast<size_t>(s)].push(block[s]); });
      },
      progress, overlaps);
  emit([&](std::int64_t s) { return back[static_cast<size_t>(s)].finish(); });
}

}  // namespace headroom::studio
