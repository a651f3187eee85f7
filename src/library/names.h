// Names of tracks: from whatever somebody typed to a folder on disk that a person can read.
// Source: specification of the protocol, section 5.2; normalised and bounded as well (W17).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headroom::library {

/// Bytes of a folder's name, a number behind it included. File systems allow 255, but people and
/// archives stop reading earlier.
inline constexpr std::size_t kLongestName = 100;

/// The folder that a name means: its last path component without extension; letters, digits and
/// "._-() " stay, everything else becomes '_'; NFC; no blank or dot at either end; at most
/// kLongestName bytes, cut between characters; `empty` when nothing is left. Never throws, for any
/// bytes.
std::string folder_name(std::string_view name, std::string_view empty = "track");

/// What an upload of that name is called: its folder with ".wav". `copy` > 0 puts " (copy)" before
/// that.
std::string upload_folder(std::string_view name, int copy = 0);

/// Equal for names that some file system takes for the same: case folded.
std::string collision_key(std::string_view folder);

/// Whether a name from outside may be looked up at all: valid text without separators, "..", or
/// control characters.
bool may_be_looked_up(std::string_view name);

}  // namespace headroom::library
