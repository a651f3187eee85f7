// Audio and latents for tests of the library, made of a seed.
#pragma once

#include <cstdint>
#include <random>

#include <ATen/ATen.h>

#include "library/content_hash.h"
#include "library/library.h"

namespace headroom::library {

inline Pcm noise(std::uint32_t seed, std::uint32_t frames = 9600) {
  Pcm pcm{.channels = 2, .frames = frames};
  std::minstd_rand dice(seed + 1);
  pcm.samples.resize(std::size_t{2} * frames);
  for (auto& sample : pcm.samples) sample = static_cast<float>(dice() % 20001) / 10000.0F - 1.0F;
  return pcm;
}

inline std::string hash_of(const Pcm& pcm) { return content_hash(pcm.samples, pcm.channels); }

inline Latents latents_of(std::uint32_t seed, std::int64_t frames = 5) {
  return {at::full({1, frames, 64}, static_cast<float>(seed)),
          at::full({1, frames, 128}, static_cast<float>(seed) + 0.5F)};
}

inline NewTrack track_of(const Pcm& pcm, std::uint32_t seed) {
  return {.source = pcm,
          .content_hash = hash_of(pcm),
          .checkpoint = "tiny",
          .latents = latents_of(seed),
          .bpm = 120,
          .key = "A minor",
          .time_signature = "4",
          .owner = "me"};
}

}  // namespace headroom::library
