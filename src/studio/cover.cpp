#include "studio/cover.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/error.h"
#include "diffusion/generate.h"
#include "diffusion/noise.h"
#include "diffusion/schedule.h"
#include "studio/conditioning.h"
#include "studio/finite.h"
#include "studio/vae_codec.h"

namespace headroom::studio {
namespace {

constexpr double kMostGuidance = 30.0;

// Seeds of the independent draws of one cover: the posterior must not share the generation's noise.
constexpr std::uint64_t kPosteriorSeed = 0x5eed0001;

// Source latent [1, T, C] with T · hop ≥ n: the last frame is filled with silence.
at::Tensor encode_source(const ModelFolder& model, const at::Tensor& audio, std::uint64_t seed,
                         Progress& progress) {
  return sample_latents(encode_track(model.load_vae_encoder(), audio, progress),
                        seed ^ kPosteriorSeed);
}

at::Tensor encode_conditions(const ModelFolder& model, const Prompt& prompt,
                             const at::Tensor& timbre) {
  PromptStates states;
  {
    const auto encoder = model.load_text_encoder();
    states = encode_prompt(encoder, model.load_text_tokenizer(), prompt);
  }
  const auto encoder = model.load_condition_encoder();
  require_finite(states.text, "text encoder");
  require_finite(states.lyrics, "text encoder");
  auto condition = models::encode_condition(encoder, states.text, states.lyrics, timbre);
  require_finite(condition, "condition encoder");
  return condition;
}

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

at::Tensor generate_sections(const ModelFolder& model, const at::Tensor& source,
                             const at::Tensor& hints, const at::Tensor& states,
                             const CoverSettings& settings, Progress& progress) {
  const auto dit = model.load_dit();
  const auto condition = models::prepare_condition(dit, states);
  models::DitCondition unconditional;
  if (settings.guidance > 1.0) {
    const auto null = model.load_null_condition();
    unconditional = models::prepare_condition(dit, null.expand({1, states.size(1), null.size(2)}));
  }
  // Drawn for the whole piece, so that overlapping sections start from the same noise.
  const auto noise = diffusion::initial_noise(settings.seed, source.size(1), source.size(2));
  auto piece = at::empty_like(source);
  std::int64_t done = 0;
  for (const auto& section : plan_sections(source.size(1), dit.config.pool_window)) {
    const auto part = [&](const at::Tensor& x) {
      return x.narrow(1, section.begin, section.length());
    };
    const auto context = make_context(part(hints));
    const auto field = [&](const models::DitCondition& of) -> diffusion::VelocityField {
      return [&](const at::Tensor& x, double t) {
        return models::velocity(dit, x, context, at::full({1}, t, at::kFloat), of);
      };
    };
    diffusion::Generation generation;
    generation.times = diffusion::timesteps(settings.steps, settings.shift, settings.strength);
    generation.denoise = settings.strength;
    generation.noise = part(noise);
    generation.source = part(source);
    if (settings.dcw) generation.dcw.emplace();
    generation.guidance = settings.guidance;
    if (settings.guidance > 1.0) generation.unconditional = field(unconditional);
    place_section(piece, section, done,
                  diffusion::generate(generation, field(condition), progress));
    done = section.end;
  }
  return piece;
}

}  // namespace

void check_settings(const CoverSettings& settings) {
  if (!(settings.strength >= 0.0 && settings.strength <= 1.0)) {
    throw Error(ErrorKind::usage,
                fmt::format("strength is {}, must lie in 0…1", settings.strength));
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

void make_cover(const ModelFolder& model, const at::Tensor& audio, const CoverSettings& settings,
                const std::function<void(const at::Tensor&)>& emit, Progress& progress) {
  check_settings(settings);
  const auto rate = static_cast<double>(model.vae_config().sample_rate);
  const auto source = encode_source(model, audio, settings.seed, progress);
  const auto silence = model.load_silence();

  auto prompt = settings.prompt;
  const auto seen = std::min<std::int64_t>(source.size(1), kSectionFrames);
  prompt.duration =
      static_cast<double>(std::min(audio.size(1), seen * model.vae_config().hop())) / rate;
  // The reference hears the whole source for its timbre; a section's worth keeps memory bounded.
  const auto states = encode_conditions(model, prompt, source.narrow(1, 0, seen));

  at::Tensor hints;
  {
    const auto tokenizer = model.load_semantic_tokenizer();
    hints = semantic_hints(tokenizer, model.load_semantic_detokenizer(), source, silence, progress);
    require_finite(hints, "semantic tokenizer");
  }
  const auto latents = generate_sections(model, source, hints, states, settings, progress);
  require_finite(latents, "diffusion transformer");

  const auto decoder = model.load_vae_decoder();
  auto left = audio.size(1);
  decode_latents(
      decoder, latents, kDecodeFrames, kDecodeOverlap,
      [&](const at::Tensor& block) {
        const auto count = std::min(left, block.size(1));
        left -= count;
        if (count > 0) emit(block.narrow(1, 0, count));
      },
      progress);
}

}  // namespace headroom::studio
