// The files of one track folder. Source: specification of the protocol, sections 5.1, 5.3, 5.4.
//
//   track.json                    written last: what it lists is there and whole
//   source.wav                    float32, 48 kHz, two channels
//   stems/{vocals,instruments}.wav
//   sidecars/{full,vocals,instruments}.{json,safetensors}
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/json.h"
#include "library/track.h"

namespace headroom::library {

/// The version that DEMON's libraries have; ours are read by it and the other way round.
inline constexpr int kTrackFormat = 2;

/// What a sidecar was made of and by.
struct LatentFacts {
  std::string checkpoint{};    // name of the checkpoint
  std::string content_hash{};  // of the samples that were encoded
  std::int64_t samples = 0;
  std::optional<int> bpm{};
  std::optional<std::string> key{};
  std::optional<std::string> time_signature{};
};

std::filesystem::path source_file(const Track& track);
std::filesystem::path stem_file(const std::filesystem::path& folder, StemMode stem);

/// The parsed track.json of a folder; nothing when it is missing or no JSON object.
std::optional<nlohmann::json> read_manifest(const std::filesystem::path& folder);
/// Whole or not at all; durable when it returns. Throws Error(output).
void write_manifest(const std::filesystem::path& folder, const nlohmann::json& manifest);

/// A manifest with every member that section 5.3 asks for; members that are in `before` and not
/// ours survive. Stems and sidecars are listed as they are below `folder`, except that stems are
/// left out unless `with_stems`.
nlohmann::json manifest_of(const Track& track, const std::filesystem::path& folder,
                           nlohmann::json before, bool with_stems);

/// The track that a folder holds; nothing when it is none, or not whole.
std::optional<Track> read_track(const std::filesystem::path& folder, Shelf shelf);
/// The same for one audio file of the flat layout.
std::optional<Track> read_flat_track(const std::filesystem::path& file, Shelf shelf);

/// Throws Error(output).
void write_wav(const std::filesystem::path& file, const Pcm& pcm);
void write_latents(const std::filesystem::path& folder, StemMode stem, const Latents& latents,
                   const LatentFacts& facts);

/// Nothing when there are none, when they were made by another checkpoint or of other samples, or
/// when they are damaged: they can always be made again. A sidecar without hashes, which DEMON
/// wrote, is believed when its count of samples agrees, whatever its checkpoint, as there.
std::optional<Latents> read_latents(const std::filesystem::path& folder, StemMode stem,
                                    const LatentFacts& wanted);

}  // namespace headroom::library
