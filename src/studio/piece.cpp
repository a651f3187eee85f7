#include "studio/piece.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "diffusion/noise.h"
#include "diffusion/prompt_blend.h"
#include "diffusion/repaint.h"
#include "diffusion/schedule.h"
#include "studio/conditioning.h"
#include "studio/finite.h"
#include "studio/stream.h"
#include "studio/tasks.h"

namespace headroom::studio {
namespace {

constexpr double kMostGuidance = 30.0;

// Seeds of the independent draws of one piece: the posterior must not share the generation's noise.
constexpr std::uint64_t kPosteriorSeed = 0x5eed0001;

// Frames of cross-fade at each end of a repainted region, as upstream has it.
constexpr std::int64_t kRepaintFade = 10;
// What a repainted region sees of the track on each side at least, where there is so much.
constexpr std::int64_t kRepaintView = 250;

constexpr const char* kOwner = "command";

// One piece being made: its settings, and the tasks that all kinds share.
class Maker {
 public:
  Maker(Studio& studio, const PieceSettings& settings, Task task, Progress& progress)
      : studio_(studio), settings_(settings), prompt_(settings.prompt), progress_(progress) {
    prompt_.task = task;
  }

  std::int64_t hop() const { return studio_.networks().configs().vae.hop(); }
  std::int64_t rate() const { return studio_.networks().configs().vae.sample_rate; }
  std::int64_t window() const { return studio_.networks().configs().dit.pool_window; }
  at::Tensor silence(std::int64_t frames) { return silence_frames(studio_.silence(), frames); }

  at::Tensor encode(const at::Tensor& audio) {
    EncodeTask task(studio_.networks(), info("encode"), audio, settings_.seed ^ kPosteriorSeed,
                    progress_);
    studio_.executor().run(task);
    return task.latents();
  }

  at::Tensor hints(const at::Tensor& latents) {
    HintsTask task(studio_.networks(), info("structure"), latents, studio_.silence(), progress_);
    studio_.executor().run(task);
    return task.hints();
  }

  // The structure that a cover follows, as long as its source.
  at::Tensor structure(const at::Tensor& source) {
    auto follows = source;
    if (settings_.structure.defined()) {
      follows = encode(settings_.structure);
      const auto missing = source.size(1) - follows.size(1);
      follows = missing > 0 ? at::cat({follows, silence(missing)}, 1)
                            : follows.narrow(1, 0, source.size(1));
    }
    if (settings_.structure_strength <= 0.0) return silence(source.size(1));
    return diffusion::structure_hint(silence(source.size(1)), hints(follows),
                                     settings_.structure_strength);
  }

  // The prompt for so many seconds with the timbre reference, or `otherwise` [1, n, C].
  void condition(double seconds, const at::Tensor& otherwise) {
    prompt_.duration = seconds;
    auto timbre = settings_.timbre.defined() ? encode(settings_.timbre) : otherwise;
    // A section's worth keeps memory bounded.
    timbre = timbre.narrow(1, 0, std::min(timbre.size(1), kSectionFrames));
    ConditionTask task(studio_.networks(), studio_.tokenizer(), info("prompt"), prompt_, timbre);
    studio_.executor().run(task);
    condition_ = task.states();
    if (settings_.guidance > 1.0) {
      const auto null = studio_.null_condition();
      null_ = null.expand({1, condition_.size(1), null.size(2)}).contiguous();
    }
  }

  // What all requests of the piece have in common.
  diffusion::Request request(const at::Tensor& frames, const at::Tensor& mask = {}) const {
    diffusion::Request request;
    request.conditions = {{.states = condition_, .mask = {}}};
    request.context = make_context(frames, mask);
    request.seed = settings_.seed;
    if (null_.defined()) {
      request.guidance.scale = settings_.guidance;
      request.guidance.negatives = {{.states = null_, .mask = {}}};
    }
    return request;
  }

  at::Tensor generate(const diffusion::Request& request) {
    if (!stream_) {
      diffusion::RingSettings ring{.steps = settings_.steps, .shift = settings_.shift, .depth = 1};
      if (settings_.dcw) ring.controls.dcw.emplace();
      stream_.emplace(studio_, kOwner, ring);
    }
    stream_->lay_out(request.frames(), condition_.size(1));
    auto latents = stream_->run(request, memory::Priority::interactive, progress_);
    require_finite(latents, "diffusion transformer");
    return latents;
  }

  void decode(const at::Tensor& latents, std::int64_t samples, const Emit& emit) {
    stream_.reset();
    auto left = samples;
    DecodeTask task(
        studio_.networks(), info("decode"), latents,
        [&](const at::Tensor& block) {
          const auto count = std::min(left, block.size(1));
          left -= count;
          if (count > 0) emit(block.narrow(1, 0, count));
        },
        progress_);
    studio_.executor().run(task);
  }

 private:
  static memory::TaskInfo info(const char* name) {
    return {
        .name = name, .owner = kOwner, .priority = memory::Priority::interactive, .deadline = {}};
  }

  Studio& studio_;
  const PieceSettings& settings_;
  Prompt prompt_;
  Progress& progress_;
  at::Tensor condition_;  // [1, L, width] in host memory
  at::Tensor null_;
  std::optional<Stream> stream_;
};

// Writes a section into the piece, fading in over what the piece already has of it.
void place_section(const at::Tensor& piece, const Chunk& section, std::int64_t done,
                   const at::Tensor& latents) {
  const auto shared = std::max<std::int64_t>(0, done - section.begin);
  if (shared > 0) {
    const auto fade = at::arange(1, shared + 1, at::kFloat)
                          .div_(static_cast<double>(shared + 1))
                          .view({1, -1, 1});
    const auto old = piece.narrow(1, section.begin, shared);
    old.copy_(old + (latents.narrow(1, 0, shared) - old) * fade);
  }
  const auto fresh = section.length() - shared;
  piece.narrow(1, section.begin + shared, fresh).copy_(latents.narrow(1, shared, fresh));
}

at::Tensor cover_sections(Maker& maker, const at::Tensor& source, const at::Tensor& hints,
                          const PieceSettings& settings) {
  // Drawn for the whole piece, so that overlapping sections start from the same noise.
  const auto noise = diffusion::initial_noise(settings.seed, source.size(1), source.size(2));
  auto piece = at::empty_like(source);
  std::int64_t done = 0;
  for (const auto& section : plan_sections(source.size(1), maker.window())) {
    const auto part = [&](const at::Tensor& x) {
      return x.narrow(1, section.begin, section.length());
    };
    auto request = maker.request(part(hints));
    request.noise = part(noise);
    request.denoise = settings.strength;
    // At full strength the source itself takes no part.
    if (settings.strength < 1.0) request.source = part(source);
    place_section(piece, section, done, maker.generate(request));
    done = section.end;
  }
  return piece;
}

// A region of a track in latent frames, and the stretch of the track that is looked at for it.
struct RepaintPlan {
  std::int64_t begin, end;    // the region
  std::int64_t first, count;  // the view
};

RepaintPlan plan_repaint(const Region& region, std::int64_t samples, double rate, std::int64_t hop,
                         std::int64_t window) {
  const double whole = static_cast<double>(samples) / rate;
  const auto frames = (samples + hop - 1) / hop;
  if (!(region.begin >= 0.0 && region.begin < whole && region.end > region.begin)) {
    throw Error(ErrorKind::usage,
                fmt::format("the region from {} to {} s is not in the track, which has {:.2f} s",
                            region.begin, region.end, whole));
  }
  const double per_frame = rate / static_cast<double>(hop);
  RepaintPlan plan{};
  plan.begin =
      std::min(frames - 1, static_cast<std::int64_t>(std::floor(region.begin * per_frame)));
  plan.end = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(std::floor(std::min(region.end, whole) * per_frame + 0.5)),
      plan.begin + 1, frames);
  const auto longest = kSectionFrames - 2 * kRepaintView;
  if (plan.end - plan.begin > longest) {
    throw Error(ErrorKind::usage,
                fmt::format("the region has {:.1f} s, at most {:.0f} s are repainted at once",
                            static_cast<double>(plan.end - plan.begin) / per_frame,
                            static_cast<double>(longest) / per_frame));
  }
  const auto around = (kSectionFrames - (plan.end - plan.begin)) / 2;
  plan.first = std::max<std::int64_t>(0, plan.begin - around) / window * window;
  plan.count = std::min(frames - plan.first, kSectionFrames);
  return plan;
}

// 1 inside the region, 0 outside, and linear ramps over `fade` samples before and after it.
at::Tensor region_gain(std::int64_t samples, std::int64_t begin, std::int64_t end,
                       std::int64_t fade) {
  const auto at_sample = at::arange(samples, at::kFloat);
  const auto length = static_cast<double>(fade + 1);
  const auto rise = (at_sample - static_cast<double>(begin - fade - 1)) / length;
  const auto fall = (static_cast<double>(end + fade) - at_sample) / length;
  return at::minimum(rise, fall).clamp_(0.0, 1.0);
}

}  // namespace

void check_settings(const PieceSettings& settings) {
  const auto within = [](double value) { return value >= 0.0 && value <= 1.0; };
  if (!within(settings.strength)) {
    throw Error(ErrorKind::usage,
                fmt::format("strength is {}, must lie in 0…1", settings.strength));
  }
  if (!within(settings.structure_strength)) {
    throw Error(ErrorKind::usage, fmt::format("structure strength is {}, must lie in 0…1",
                                              settings.structure_strength));
  }
  if (!(settings.guidance >= 1.0 && settings.guidance <= kMostGuidance)) {
    throw Error(ErrorKind::usage,
                fmt::format("guidance is {}, must lie in 1…{}", settings.guidance, kMostGuidance));
  }
  check_prompt(settings.prompt);
  (void)diffusion::timesteps(settings.steps, settings.shift, settings.strength);
}

std::vector<Chunk> plan_sections(std::int64_t frames, std::int64_t alignment) {
  std::vector<Chunk> sections;
  const auto stride = (kSectionFrames - kSectionOverlap) / alignment * alignment;
  for (std::int64_t begin = 0;; begin += stride) {
    const auto end = std::min(frames, begin + kSectionFrames);
    if (end < frames) {
      sections.push_back({begin, end, begin, end});
      continue;
    }
    // The last section is as long as the others where the track allows it.
    begin = std::max<std::int64_t>(0, frames - kSectionFrames) / alignment * alignment;
    if (!sections.empty() && sections.back().begin == begin) sections.pop_back();
    sections.push_back({begin, frames, begin, frames});
    return sections;
  }
}

void make_cover(Studio& studio, const at::Tensor& audio, const PieceSettings& settings,
                const Emit& emit, Progress& progress) {
  check_settings(settings);
  Maker maker(studio, settings, Task::cover, progress);
  const auto source = maker.encode(audio);
  const auto seen = std::min(audio.size(1), kSectionFrames * maker.hop());
  maker.condition(static_cast<double>(seen) / static_cast<double>(maker.rate()), source);
  const auto latents = cover_sections(maker, source, maker.structure(source), settings);
  maker.decode(latents, audio.size(1), emit);
}

void make_music(Studio& studio, double seconds, const PieceSettings& settings, const Emit& emit,
                Progress& progress) {
  check_settings(settings);
  if (!(seconds >= kShortestMusic && seconds <= kLongestMusic)) {
    throw Error(ErrorKind::usage,
                fmt::format("a piece of {} s cannot be made; {:.0f} to {:.0f} s can", seconds,
                            kShortestMusic, kLongestMusic));
  }
  Maker maker(studio, settings, Task::text2music, progress);
  const auto samples = std::llround(seconds * static_cast<double>(maker.rate()));
  const auto frames = (samples + maker.hop() - 1) / maker.hop();
  maker.condition(seconds, maker.silence(kTimbreFrames));
  maker.decode(maker.generate(maker.request(maker.silence(frames))), samples, emit);
}

void make_repaint(Studio& studio, const at::Tensor& audio, const Region& region,
                  const PieceSettings& settings, const Emit& emit, Progress& progress) {
  check_settings(settings);
  Maker maker(studio, settings, Task::repaint, progress);
  const auto hop = maker.hop();
  const auto plan =
      plan_repaint(region, audio.size(1), static_cast<double>(maker.rate()), hop, maker.window());
  const auto first = plan.first * hop;
  const auto view =
      audio.narrow(1, first, std::min(plan.count * hop, audio.size(1) - first)).contiguous();
  const auto source = maker.encode(view);
  maker.condition(static_cast<double>(view.size(1)) / static_cast<double>(maker.rate()), source);

  auto mask = at::zeros({plan.count});
  const auto inside = [&](const at::Tensor& x, std::int64_t dim) {
    return x.narrow(dim, plan.begin - plan.first, plan.end - plan.begin);
  };
  inside(mask, 0).fill_(1.0);
  auto frames = source.clone();
  inside(frames, 1).copy_(inside(maker.silence(plan.count), 1));
  auto request = maker.request(frames, mask);
  request.mask.mask = mask;
  request.mask.original = source;
  const auto latents =
      diffusion::repaint_blend(maker.generate(request), source, mask, kRepaintFade);

  const auto gain = region_gain(audio.size(1), plan.begin * hop,
                                std::min(plan.end * hop, audio.size(1)), kRepaintFade * hop);
  std::int64_t at = first;
  if (first > 0) emit(audio.narrow(1, 0, first));
  maker.decode(latents, view.size(1), [&](const at::Tensor& block) {
    const auto old = audio.narrow(1, at, block.size(1));
    emit(old + (block - old) * gain.narrow(0, at, block.size(1)));
    at += block.size(1);
  });
  if (at < audio.size(1)) emit(audio.narrow(1, at, audio.size(1) - at));
}

}  // namespace headroom::studio
