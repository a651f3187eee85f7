#include "library/library.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "library/content_hash.h"
#include "library/disk.h"
#include "library/names.h"
#include "library/track_file.h"

namespace headroom::library {
namespace {

namespace fs = std::filesystem;

constexpr int kMostCopies = 10'000;  // of one name

bool is_flat_audio(const fs::path& file) {
  constexpr std::array<std::string_view, 5> known{".wav", ".mp3", ".flac", ".ogg", ".m4a"};
  const auto name = file.filename().string();
  if (std::find(known.begin(), known.end(), file.extension().string()) == known.end()) return false;
  for (const char* stem : {".full.wav", ".vocals.wav", ".instruments.wav"}) {
    if (name.ends_with(stem)) return false;  // stems of the flat layout
  }
  return true;
}

// Leftovers of writers inside a track folder that is whole.
void sweep_inside(const fs::path& folder) {
  std::error_code code;
  std::vector<fs::path> stale;
  for (fs::recursive_directory_iterator it(folder, code), end; !code && it != end;
       it.increment(code)) {
    const auto name = it->path().filename().string();
    if ((name.starts_with(".") && name.find(".part") != std::string::npos) ||
        name.ends_with(".tmp"))
      stale.push_back(it->path());
  }
  for (const auto& file : stale) fs::remove(file, code);
}

}  // namespace

Library::Reservation::Reservation(Library& library, std::string folder, std::string track_id)
    : library_(&library), folder_(std::move(folder)), track_id_(std::move(track_id)) {}

Library::Reservation::Reservation(Reservation&& other) noexcept
    : library_(std::exchange(other.library_, nullptr)),
      folder_(std::move(other.folder_)),
      track_id_(std::move(other.track_id_)) {}

Library::Reservation::~Reservation() {
  if (library_ != nullptr) library_->release(folder_);
}

Library::Library(fs::path root, LibraryLimits limits)
    : root_(std::move(root)),
      limits_(limits),
      uploads_{.path = root_ / "user_uploads", .shelf = Shelf::upload},
      fixtures_{.path = root_ / "fixtures", .shelf = Shelf::fixture} {
  std::error_code code;
  fs::create_directories(uploads_.path, code);
  if (code)
    throw Error(ErrorKind::output, fmt::format("{}: the library cannot be written: {}",
                                               printable(root_.string()), code.message()));
  fs::create_directories(fixtures_.path, code);
  sweep();
}

void Library::sweep() {
  std::error_code code;
  fs::remove_all(incoming(), code);
  for (const auto& entry : fs::directory_iterator(uploads_.path, code)) {
    std::error_code ignored;
    if (!entry.is_directory(ignored)) continue;
    sweep_inside(entry.path());
    const auto track = read_track(entry.path(), Shelf::upload);
    // Stems that arrived and were never listed: their writer was killed between the two.
    if (!track || track->has_stems || track->content_hash.empty()) continue;
    fs::remove_all(entry.path() / "stems", ignored);
    for (const char* stem : {"vocals", "instruments"}) {
      for (const char* extension : {".json", ".safetensors"})
        fs::remove(entry.path() / "sidecars" / (std::string(stem) + extension), ignored);
    }
  }
}

// Under the lock.
void Library::look(View& view) const {
  const auto stamp = stamp_of(view.path);
  if (stamp == view.stamp) return;
  std::map<std::string, Entry> found;
  std::error_code code;
  for (const auto& item : fs::directory_iterator(view.path, code)) {
    const auto folder = item.path().filename().string();
    if (folder.starts_with(".")) continue;
    std::error_code ignored;
    const bool flat = !item.is_directory(ignored);
    if (flat && !is_flat_audio(item.path())) continue;
    const auto file = flat ? item.path() : item.path() / "track.json";
    const auto own = stamp_of(file);
    const auto known = view.entries.find(folder);
    if (known != view.entries.end() && known->second.stamp == own) {
      found.insert(*known);
    } else if (auto track = flat ? read_flat_track(item.path(), view.shelf)
                                 : read_track(item.path(), view.shelf)) {
      found[folder] = {*std::move(track), own};
    }
  }
  view.entries = std::move(found);
  view.stamp = stamp;
}

// One track after something in its folder changed. Under the lock.
void Library::look_again(View& view, const std::string& folder) const {
  const auto path = view.path / folder;
  if (auto track = read_track(path, view.shelf)) {
    view.entries[folder] = {*std::move(track), stamp_of(path / "track.json")};
  } else {
    view.entries.erase(folder);
  }
}

std::vector<Track> Library::list(Shelf shelf) const {
  const std::lock_guard lock(mutex_);
  auto& view = shelf == Shelf::upload ? uploads_ : fixtures_;
  look(view);
  std::vector<Track> tracks;
  for (const auto& [folder, entry] : view.entries) tracks.push_back(entry.track);
  std::sort(tracks.begin(), tracks.end(),
            [](const Track& a, const Track& b) { return a.name < b.name; });
  return tracks;
}

std::vector<std::string> Library::names(Shelf shelf) const {
  std::vector<std::string> all;
  for (auto& track : list(shelf)) all.push_back(std::move(track.name));
  return all;
}

// Under the lock.
const Track* Library::search(std::string_view name) const {
  for (auto* view : {&uploads_, &fixtures_}) {
    look(*view);
    for (const auto& [folder, entry] : view->entries) {
      if (entry.track.name == name) return &entry.track;
    }
    const auto meant = view->entries.find(folder_name(name));
    if (meant != view->entries.end() && !meant->second.track.flat) return &meant->second.track;
  }
  return nullptr;
}

std::optional<Track> Library::find(std::string_view name) const {
  if (!may_be_looked_up(name)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto* track = search(name);
  if (track == nullptr) return std::nullopt;
  if (track->flat) return *track;
  auto& view = track->shelf == Shelf::upload ? uploads_ : fixtures_;
  const auto folder = track->folder;
  if (stamp_of(track->path / "track.json") != view.entries.at(folder).stamp) {
    look_again(view, folder);
    if (!view.entries.contains(folder)) return std::nullopt;
  }
  return view.entries.at(folder).track;
}

std::optional<Track> Library::find_id(const std::string& track_id) const {
  const std::lock_guard lock(mutex_);
  for (auto* view : {&uploads_, &fixtures_}) {
    look(*view);
    for (const auto& [folder, entry] : view->entries) {
      if (entry.track.id == track_id) return entry.track;
    }
  }
  return std::nullopt;
}

std::optional<Track> Library::find_content(const std::string& content_hash) const {
  if (content_hash.empty()) return std::nullopt;
  const std::lock_guard lock(mutex_);
  look(uploads_);
  for (const auto& [folder, entry] : uploads_.entries) {
    if (entry.track.content_hash == content_hash) return entry.track;
  }
  return std::nullopt;
}

std::uint64_t Library::upload_bytes() const {
  const std::lock_guard lock(mutex_);
  look(uploads_);
  std::uint64_t bytes = 0;
  for (const auto& [folder, entry] : uploads_.entries) bytes += entry.track.bytes;
  return bytes;
}

std::optional<LibraryRefusal> Library::room_for(std::uint64_t bytes) const {
  const auto free = free_bytes(uploads_.path);
  if (free < limits_.free_floor + bytes) {
    return LibraryRefusal{
        LibraryRefusal::Kind::disk_full,
        fmt::format("the disk has {} free, and {} of that stay free; the track needs {}. Make room "
                    "on the server's disk",
                    human_bytes(free), human_bytes(limits_.free_floor), human_bytes(bytes))};
  }
  const auto used = upload_bytes();
  if (used + bytes > limits_.quota) {
    return LibraryRefusal{
        LibraryRefusal::Kind::quota,
        fmt::format("uploads may use {} and use {}; the track needs {}. Remove uploads first",
                    human_bytes(limits_.quota), human_bytes(used), human_bytes(bytes))};
  }
  return std::nullopt;
}

Result<Library::Reservation, LibraryRefusal> Library::reserve(std::string_view name,
                                                              std::uint64_t bytes) {
  if (auto refusal = room_for(bytes)) return *std::move(refusal);
  const std::lock_guard lock(mutex_);
  look(uploads_);
  if (uploads_.entries.size() + reserved_.size() >= limits_.most_tracks) {
    return LibraryRefusal{
        LibraryRefusal::Kind::quota,
        fmt::format("there are {} uploads already, the limit. Remove uploads first",
                    limits_.most_tracks)};
  }
  std::set<std::string> taken = reserved_;
  std::error_code code;
  // Whatever is there counts, tracks or not: a rename would find it.
  for (const auto& item : fs::directory_iterator(uploads_.path, code)) {
    const auto there = item.path().filename().string();
    taken.insert(collision_key(there));
    if (is_flat_audio(item.path())) taken.insert(collision_key(folder_name(there)));
  }
  for (int copy = 0; copy < kMostCopies; ++copy) {
    auto folder = upload_folder(name, copy);
    if (!taken.contains(collision_key(folder))) {
      reserved_.insert(collision_key(folder));
      return Reservation(*this, std::move(folder), random_id());
    }
  }
  return LibraryRefusal{LibraryRefusal::Kind::quota,
                        "there are too many uploads of that name; use another one"};
}

void Library::release(const std::string& folder) {
  const std::lock_guard lock(mutex_);
  reserved_.erase(collision_key(folder));
}

}  // namespace headroom::library
