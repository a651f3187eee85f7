// What each device operation needs: components, and workspace by chunk size. Used alike by the
// tasks that run them and by the plans that only reckon with them, so that a plan is what happens.
#pragma once

#include <cstdint>

#include "memory/plan_slot.h"
#include "memory/task.h"
#include "studio/chunks.h"
#include "studio/networks.h"

namespace headroom::studio {

/// Chunks of the VAE encoder in latent frames, margins included: 15 s down to 3 s. One shape serves
/// tracks of every length.
inline constexpr std::int64_t kEncodeChunks[] = {375, 250, 150, 75};
/// Tiles of the VAE decoder in latent frames: 10 s down to 1.3 s.
inline constexpr std::int64_t kDecodeChunks[] = {256, 128, 64, 33};
/// Latent frames that go through the semantic tokenizer at once: one minute down to four seconds.
inline constexpr std::int64_t kHintChunks[] = {1500, 750, 375, 100};

/// The prompt that plans reckon with: tokens of a long caption and of four verses.
struct PromptSize {
  std::int64_t text = 256;
  std::int64_t lyrics = 512;
  std::int64_t timbre = 750;
  std::int64_t rows() const { return text + lyrics + 1; }
};

memory::Step encode_step(const Networks& networks, std::int64_t frames);
memory::Step hints_step(const Networks& networks, std::int64_t frames);
memory::Step text_step(const Networks& networks, std::int64_t tokens);
memory::Step condition_step(const Networks& networks, const PromptSize& prompt);
/// One row after the other at the piece's full length, so depth does not matter; a condition of
/// `rows` that is new is prepared on the way.
memory::Step tick_step(const Networks& networks, std::int64_t frames, std::int64_t rows);
memory::Step decode_step(const Networks& networks, std::int64_t frames);
/// One playback window of so many frames at once.
memory::Step window_step(const Networks& networks, std::int64_t frames = kWindowFrames);
memory::Step separate_step(const Networks& networks);

/// Conditions that a stream keeps prepared: two prompts that are blended, and what guidance leads
/// away from.
inline constexpr std::size_t kPreparedConditions = 3;

/// What a stream keeps on the device for pieces of up to `frames` and conditions of up to `rows`,
/// as deep as a ring can be, and the workspace of its ticks and windows. Depth costs little beside
/// the network, so changing it never has to ask for memory.
memory::PlanSpec session_plan(const Networks& networks, std::int64_t frames, std::int64_t rows);

/// The smallest duration class that holds `seconds`: 60, 120 or 240. Throws Error(usage) beyond.
std::int64_t duration_class(double seconds);
inline constexpr std::int64_t kDurationClasses[] = {60, 120, 240};

}  // namespace headroom::studio
