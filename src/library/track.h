// One track of the library, as others see it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <ATen/ATen.h>

#include "wire/types.h"

namespace headroom::library {

using wire::Pcm;
using wire::StemMode;

enum class Shelf { upload, fixture };

/// A track as it was when it was asked for; a copy, which never changes.
struct Track {
  /// One for each upload, never used again. Tracks that another program wrote get one that holds
  /// as long as their folder does.
  std::string id;
  std::string name;    // as clients see it: "My song.wav"
  std::string folder;  // below its shelf; of a flat file its name
  Shelf shelf = Shelf::upload;
  bool flat = false;  // one file instead of a folder
  std::filesystem::path path;
  std::uint64_t bytes = 0;  // on disk, all files

  std::int64_t samples = 0;  // per channel; 0 when not known before reading
  std::optional<int> bpm{};
  std::optional<std::string> key{};
  std::optional<std::string> time_signature{};
  std::string owner{};         // client that uploaded it; empty: nobody's
  std::string content_hash{};  // of the stored samples; empty when another program wrote it
  bool has_stems = false;
};

/// What the VAE made of a source or stem: what a generation starts from, and its structure hints.
struct Latents {
  at::Tensor latent;
  at::Tensor context_latent;
};

/// Why the library did not take something: ordinary, nothing was changed.
struct LibraryRefusal {
  enum class Kind {
    quota,         // too many bytes or tracks of uploads
    disk_full,     // the floor of free disk space would be broken
    cannot_write,  // the disk refused
    gone,          // the track was removed meanwhile
  };
  Kind kind;
  std::string message;  // one line: what, and what to do
};

}  // namespace headroom::library
