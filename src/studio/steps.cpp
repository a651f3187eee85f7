#include "studio/steps.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "base/error.h"
#include "diffusion/ring.h"
#include "studio/chunks.h"
#include "studio/footprint.h"

namespace headroom::studio {
namespace {

using memory::ChunkChoice;
using memory::Step;

// Every size of `sizes` up to the first that takes the whole piece at once.
template <class Footprint>
std::vector<ChunkChoice> choices(std::span<const std::int64_t> sizes, std::int64_t whole,
                                 Footprint footprint) {
  std::vector<ChunkChoice> found;
  for (const auto size : sizes) {
    const auto used = std::min(size, std::max<std::int64_t>(1, whole));
    if (!found.empty() && found.back().size <= used) found.pop_back();
    found.push_back({size, footprint(used)});
  }
  return found;
}

std::uint64_t latent_bytes(const Networks& networks, std::int64_t frames) {
  return static_cast<std::uint64_t>(frames * networks.configs().dit.latent_channels) *
         sizeof(float);
}

}  // namespace

Step encode_step(const Networks& networks, std::int64_t frames) {
  const auto& vae = networks.configs().vae;
  const auto element = element_of(networks.precision());
  return {"encode",
          {networks.vae_encoder.component},
          choices(kEncodeChunks, frames,
                  [&](std::int64_t size) { return vae_encode_footprint(vae, size, element); })};
}

Step hints_step(const Networks& networks, std::int64_t frames) {
  const auto& dit = networks.configs().dit;
  const auto element = element_of(networks.precision());
  return {"structure",
          {networks.semantics.component},
          choices(kHintChunks, frames,
                  [&](std::int64_t size) { return hints_footprint(dit, size, element); })};
}

Step text_step(const Networks& networks, std::int64_t tokens) {
  return {"text",
          {networks.text_encoder.component},
          {{tokens,
            text_footprint(networks.configs().text, tokens, element_of(networks.precision()))}}};
}

Step condition_step(const Networks& networks, const PromptSize& prompt) {
  return {"condition",
          {networks.condition_encoder.component},
          {{1, condition_footprint(networks.configs().dit, prompt.text, prompt.lyrics,
                                   prompt.timbre, element_of(networks.precision()))}}};
}

Step tick_step(const Networks& networks, std::int64_t frames, std::int64_t rows) {
  const auto& dit = networks.configs().dit;
  const auto element = element_of(networks.precision());
  return {"tick",
          {networks.dit.component},
          {{frames, std::max(dit_footprint(dit, frames, 1, element),
                             prepare_condition_footprint(dit, rows, element))}}};
}

Step decode_step(const Networks& networks, std::int64_t frames) {
  const auto& vae = networks.configs().vae;
  const auto element = element_of(networks.precision());
  return {"decode",
          {networks.vae_decoder.component},
          choices(kDecodeChunks, frames,
                  [&](std::int64_t size) { return vae_decode_footprint(vae, size, element); })};
}

Step window_step(const Networks& networks, std::int64_t frames) {
  return {"decode window",
          {networks.vae_decoder.component},
          {{frames, vae_decode_footprint(networks.configs().vae, frames,
                                         element_of(networks.precision()))}}};
}

Step separate_step(const Networks& networks) {
  auto& separator = networks.require_separator();
  return {
      "separate",
      {&separator},
      {{networks.configs().separator->chunk, separator_footprint(*networks.configs().separator)}}};
}

memory::PlanSpec session_plan(const Networks& networks, std::int64_t frames, std::int64_t rows) {
  // Per generation: its noise, source and context of twice the width, the state and the copy that a
  // step advances, velocities of both sides, what guidance remembers. For all: a step's own
  // tensors, which the next generation uses again, and what waits in the queue.
  constexpr std::uint64_t kPerGeneration = 8;
  constexpr std::uint64_t kShared = 20;
  constexpr auto kDepth = static_cast<std::uint64_t>(diffusion::kDeepestRing);
  const auto& dit = networks.configs().dit;
  const auto element = element_of(networks.precision());
  const auto states = static_cast<std::uint64_t>(rows * dit.encoder.hidden) * element;
  memory::PlanSpec spec;
  spec.name = fmt::format("{} s", frames / 25);
  spec.frames = frames;
  spec.buffers = latent_bytes(networks, frames) * (kPerGeneration * kDepth + kShared) +
                 states * (kDepth + kPreparedConditions) +
                 condition_bytes(dit, rows, element) * kPreparedConditions;
  spec.workspace = std::max(tick_step(networks, frames, rows).choices[0].workspace,
                            window_step(networks).choices[0].workspace);
  return spec;
}

std::int64_t duration_class(double seconds) {
  for (const auto length : kDurationClasses) {
    if (seconds <= static_cast<double>(length)) return length;
  }
  throw Error(ErrorKind::usage,
              fmt::format("{:.1f} s is longer than the longest plan of {} s; play it in windows",
                          seconds, kDurationClasses[std::size(kDurationClasses) - 1]));
}

}  // namespace headroom::studio
