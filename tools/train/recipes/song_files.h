// Songs as files, to listen to and to measure on.
#pragma once

#include <cstdint>
#include <filesystem>

#include <nlohmann/json_fwd.hpp>

namespace headroom::train {

/// Writes mix.wav and one file for each stem that plays (drums.wav, …) of a song to `folder`, and
/// song.json with its key, tempo, tags and lyrics, which is also returned.
nlohmann::json write_song(std::uint64_t number, double seconds,
                          const std::filesystem::path& folder);

}  // namespace headroom::train
