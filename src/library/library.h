// The tracks that there are, on disk. Source: specification of the protocol, section 5; W4, W10,
// W13 to W19, W49.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "library/pending_stems.h"
#include "library/track.h"

namespace headroom::library {

class BuildFolder;

struct LibraryLimits {
  std::uint64_t quota = std::uint64_t{32} << 30;      // bytes of all uploads together
  std::uint64_t free_floor = std::uint64_t{2} << 30;  // bytes that stay free on the disk
  std::size_t most_tracks = 1000;                     // uploads
};

/// A track that is about to be made; see Library::publish().
struct NewTrack {
  const Pcm& source;
  std::string content_hash;  // content_hash(source.samples, source.channels)
  std::string checkpoint;    // that made the latents
  std::optional<Latents> latents{};
  std::optional<int> bpm{};
  std::optional<std::string> key{};
  std::optional<std::string> time_signature{};
  std::string owner{};
};

/// Stems of a track that is there; see Library::add_stems().
struct NewStems {
  const Pcm& vocals;
  const Pcm& instruments;
  std::string checkpoint;
  std::optional<Latents> vocals_latents{};
  std::optional<Latents> instruments_latents{};
};

struct Stems {
  Pcm vocals;
  Pcm instruments;
};

/// Tracks live in two shelves below the root: user_uploads/, and fixtures/, which is only read.
/// A track becomes visible with one rename and disappears with one, so a process that is killed at
/// any moment leaves each track whole or absent; what was being built is swept at the next start.
/// Stems come into a track that is there; it lists them last.
///
/// Thread-safe. The lock is held for looking up and for renames, never while samples are written or
/// read. Names from outside are only ever compared with what is there (W4).
class Library {
 public:
  /// A name that is taken, until it is published or let go. Movable.
  class Reservation {
   public:
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation();
    /// The name that the track will have: "song (1).wav".
    std::string name() const { return folder_ + ".wav"; }
    const std::string& folder() const { return folder_; }
    /// The id that the track will have.
    const std::string& track_id() const { return track_id_; }

   private:
    friend class Library;
    Reservation(Library& library, std::string folder, std::string track_id);
    Library* library_;
    std::string folder_;
    std::string track_id_;
  };

  /// Makes the shelves, sweeps what a killed process left, and looks at what is there. Throws
  /// Error(output) when the root cannot be written.
  explicit Library(std::filesystem::path root, LibraryLimits limits = {});

  const std::filesystem::path& root() const { return root_; }

  /// Tracks of a shelf, ordered by name. Looks at the disk again when its folder has changed.
  std::vector<Track> list(Shelf shelf) const;
  std::vector<std::string> names(Shelf shelf) const;
  /// By its name as listed, or by any name that means the same folder ("song.flac" finds "song");
  /// uploads before fixtures. What a person changed in track.json is seen.
  std::optional<Track> find(std::string_view name) const;
  std::optional<Track> find_id(const std::string& track_id) const;
  /// An upload with these exact samples.
  std::optional<Track> find_content(const std::string& content_hash) const;

  /// All samples, two channels, 48 kHz. Throws Error(input) when the file is damaged or gone.
  Pcm read_source(const Track& track) const;
  /// Nothing when there are none, or the track is gone.
  std::optional<Stems> read_stems(const Track& track) const;
  std::optional<Pcm> read_stem(const Track& track, StemMode stem) const;
  /// Keyed by checkpoint and content; nothing when they have to be made. Of a stem: of the stored
  /// samples of that stem, whose hash the caller has.
  std::optional<Latents> read_latents(const Track& track, StemMode stem,
                                      const std::string& checkpoint,
                                      const std::string& content_hash, std::int64_t samples) const;

  /// Takes a free name like `name` for a track of about `bytes` (0: not known yet).
  Result<Reservation, LibraryRefusal> reserve(std::string_view name, std::uint64_t bytes = 0);
  /// The samples of a track, written before the rest of it is known: they are most of its bytes.
  /// Becomes part of the track by publish(), or goes as it came. Movable.
  class Draft {
   public:
    explicit Draft(std::unique_ptr<BuildFolder> folder);
    Draft(Draft&& other) noexcept;
    Draft& operator=(Draft&&) = delete;
    ~Draft();

   private:
    friend class Library;
    std::unique_ptr<BuildFolder> folder_;
  };
  /// On refusal nothing is left.
  Result<Draft, LibraryRefusal> draft(const Pcm& source);
  /// Writes the track, or what is missing of its draft, and makes it visible. On refusal nothing is
  /// left.
  Result<Track, LibraryRefusal> publish(Reservation reservation, const NewTrack& track,
                                        std::optional<Draft> draft = std::nullopt);
  /// Adds stems, and their latents, to the track of that id; one that has stems keeps those. `gone`
  /// when it is not there any more, however late that is found out: nothing of the stems is left
  /// then.
  Result<Track, LibraryRefusal> add_stems(const std::string& track_id, const NewStems& stems);
  /// Keeps latents that had to be made for a track that was there; a failure is only logged.
  void keep_latents(const Track& track, StemMode stem, const Latents& latents,
                    const std::string& checkpoint, const std::string& content_hash);

  /// Removes an upload; false when there is none of that id. Those who wait for its stems hear it.
  bool remove(const std::string& track_id);
  /// Removes all uploads of an owner, and returns how many. An empty owner has none.
  std::size_t wipe(const std::string& owner);
  std::size_t wipe_all();

  PendingStems& stems() { return stems_; }
  std::uint64_t upload_bytes() const;

 private:
  struct Entry {
    Track track;
    std::int64_t stamp;  // of track.json
  };
  struct View {
    std::filesystem::path path;
    Shelf shelf;
    std::int64_t stamp = -1;
    std::map<std::string, Entry> entries{};  // by folder
  };

  std::filesystem::path incoming() const { return root_ / "user_uploads" / ".incoming"; }
  void sweep();
  void look(View& view) const;
  void look_again(View& view, const std::string& folder) const;
  const Track* search(std::string_view name) const;
  std::optional<LibraryRefusal> room_for(std::uint64_t bytes) const;
  Result<Track, LibraryRefusal> move_stems(const std::string& track_id,
                                           const std::filesystem::path& built);
  void release(const std::string& folder);

  std::filesystem::path root_;
  LibraryLimits limits_;
  mutable std::mutex mutex_;
  mutable View uploads_;
  mutable View fixtures_;
  std::set<std::string> reserved_;  // collision keys
  PendingStems stems_;
};

}  // namespace headroom::library
