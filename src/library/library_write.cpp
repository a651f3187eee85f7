// Library: what changes the disk.
#include <utility>

#include <fmt/format.h>

#include "audio/load.h"
#include "base/error.h"
#include "base/log.h"
#include "library/content_hash.h"
#include "library/disk.h"
#include "library/library.h"
#include "library/names.h"
#include "library/track_file.h"
#include "wire/constants.gen.h"

namespace headroom::library {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBesideSamples = 1 << 16;  // headers, manifests

// On disk; latents have 2 · 25 frames of 64 floats a second, 0.27 bytes a sample.
std::uint64_t bytes_of(const Pcm& pcm) {
  return pcm.samples.size() * sizeof(float) + pcm.frames / 3 + kBesideSamples;
}

LibraryRefusal cannot_write(const std::exception& error) {
  return {LibraryRefusal::Kind::cannot_write,
          fmt::format("the track could not be written: {}", printable(error.what(), 200))};
}

LibraryRefusal track_gone() {
  return {LibraryRefusal::Kind::gone, "the track was removed meanwhile"};
}

Pcm load(const fs::path& file) {
  LoadSettings settings;
  settings.channels = wire::kChannels;
  settings.bad_samples = BadSamples::silence;
  const auto audio = load_audio(file, static_cast<int>(wire::kSampleRate), settings);
  const auto interleaved = audio.t().contiguous();
  Pcm pcm;
  pcm.channels = static_cast<std::uint32_t>(wire::kChannels);
  pcm.frames = static_cast<std::uint32_t>(interleaved.size(0));
  const auto* const data = interleaved.data_ptr<float>();
  pcm.samples.assign(data, data + interleaved.numel());
  return pcm;
}

Track track_of(const NewTrack& from, std::string name, std::string folder, std::string id) {
  Track track;
  track.id = std::move(id);
  track.name = std::move(name);
  track.folder = std::move(folder);
  track.samples = from.source.frames;
  track.bpm = from.bpm;
  track.key = from.key;
  track.time_signature = from.time_signature;
  track.owner = from.owner;
  track.content_hash = from.content_hash;
  return track;
}

LatentFacts facts_of(const Track& track, std::string checkpoint, std::string content_hash,
                     std::int64_t samples) {
  return {.checkpoint = std::move(checkpoint),
          .content_hash = std::move(content_hash),
          .samples = samples,
          .bpm = track.bpm,
          .key = track.key,
          .time_signature = track.time_signature};
}

void build_stems(const fs::path& folder, const Track& track, const NewStems& stems) {
  fs::create_directories(folder / "stems");
  fs::create_directories(folder / "sidecars");
  const auto one = [&](StemMode stem, const Pcm& pcm, const std::optional<Latents>& latents) {
    write_wav(stem_file(folder, stem), pcm);
    if (!latents) return;
    const auto hash = content_hash(pcm.samples, pcm.channels);
    write_latents(folder, stem, *latents, facts_of(track, stems.checkpoint, hash, pcm.frames));
  };
  one(StemMode::vocals, stems.vocals, stems.vocals_latents);
  one(StemMode::instruments, stems.instruments, stems.instruments_latents);
}

}  // namespace

Pcm Library::read_source(const Track& track) const { return load(source_file(track)); }

std::optional<Pcm> Library::read_stem(const Track& track, StemMode stem) const {
  if (track.flat || !track.has_stems || stem == StemMode::full) return std::nullopt;
  try {
    return load(stem_file(track.path, stem));
  } catch (const Error& error) {
    log::warn("a stem cannot be read: {}", error.what());
    return std::nullopt;
  }
}

std::optional<Stems> Library::read_stems(const Track& track) const {
  auto vocals = read_stem(track, StemMode::vocals);
  auto instruments = vocals ? read_stem(track, StemMode::instruments) : std::nullopt;
  if (!instruments) return std::nullopt;
  return Stems{*std::move(vocals), *std::move(instruments)};
}

std::optional<Latents> Library::read_latents(const Track& track, StemMode stem,
                                             const std::string& checkpoint,
                                             const std::string& content_hash,
                                             std::int64_t samples) const {
  if (track.flat) return std::nullopt;
  return library::read_latents(track.path, stem,
                               facts_of(track, checkpoint, content_hash, samples));
}

Library::Draft::Draft(std::unique_ptr<BuildFolder> folder) : folder_(std::move(folder)) {}
Library::Draft::Draft(Draft&& other) noexcept = default;
Library::Draft::~Draft() = default;

Result<Library::Draft, LibraryRefusal> Library::draft(const Pcm& source) {
  if (auto refusal = room_for(bytes_of(source))) return *std::move(refusal);
  try {
    auto build = std::make_unique<BuildFolder>(incoming());
    const auto file = build->path() / "source.wav";
    write_wav(file, source);
    sync_path(file);
    return Draft(std::move(build));
  } catch (const Error& error) {
    return cannot_write(error);
  } catch (const fs::filesystem_error& error) {
    return cannot_write(error);
  }
}

Result<Track, LibraryRefusal> Library::publish(Reservation reservation, const NewTrack& from,
                                               std::optional<Draft> draft) {
  if (!draft) {
    auto written = this->draft(from.source);
    if (!written) return written.error();
    draft.emplace(std::move(written).value());
  }
  try {
    auto track = track_of(from, reservation.name(), reservation.folder(), reservation.track_id());
    auto& build = *draft->folder_;
    if (from.latents) {
      write_latents(build.path(), StemMode::full, *from.latents,
                    facts_of(track, from.checkpoint, from.content_hash, track.samples));
    }
    write_manifest(build.path(), manifest_of(track, build.path(), nlohmann::json::object(), false));
    const std::lock_guard lock(mutex_);
    if (!build.move_to(uploads_.path / reservation.folder())) {
      return LibraryRefusal{LibraryRefusal::Kind::cannot_write,
                            "another program took the track's name; try again"};
    }
    look_again(uploads_, reservation.folder());
    const auto found = uploads_.entries.find(reservation.folder());
    if (found == uploads_.entries.end()) return track_gone();
    return found->second.track;
  } catch (const Error& error) {
    return cannot_write(error);
  } catch (const fs::filesystem_error& error) {
    return cannot_write(error);
  }
}

Result<Track, LibraryRefusal> Library::add_stems(const std::string& track_id,
                                                 const NewStems& stems) {
  const auto track = find_id(track_id);
  if (!track || track->flat || track->shelf != Shelf::upload) return track_gone();
  if (track->has_stems) return *track;
  if (auto refusal = room_for(bytes_of(stems.vocals) + bytes_of(stems.instruments)))
    return *std::move(refusal);
  try {
    BuildFolder build(incoming());
    build_stems(build.path(), *track, stems);
    return move_stems(track_id, build.path());
  } catch (const Error& error) {
    return cannot_write(error);
  } catch (const fs::filesystem_error& error) {
    return cannot_write(error);
  }
}

// Each rename goes into the track's own folder, which is there and belongs to this id as long as
// the lock is held; the manifest, last, makes them count.
Result<Track, LibraryRefusal> Library::move_stems(const std::string& track_id,
                                                  const fs::path& built) {
  for (const auto& entry : fs::recursive_directory_iterator(built)) sync_path(entry.path());
  const std::lock_guard lock(mutex_);
  look(uploads_);
  std::string folder;
  for (const auto& [name, entry] : uploads_.entries) {
    if (entry.track.id == track_id) folder = name;
  }
  const auto path = uploads_.path / folder;
  const auto track = folder.empty() ? std::nullopt : read_track(path, Shelf::upload);
  if (!track || track->id != track_id) return track_gone();
  // Whole stems are never replaced: a process that is killed would leave a mixture.
  if (track->has_stems) return *track;
  fs::create_directories(path / "stems");
  fs::create_directories(path / "sidecars");
  for (const char* part : {"sidecars", "stems"}) {
    for (const auto& file : fs::directory_iterator(built / part))
      fs::rename(file.path(), path / part / file.path().filename());
    sync_path(path / part);
  }
  const auto before = read_manifest(path);
  write_manifest(path, manifest_of(*track, path, before.value_or(nlohmann::json::object()), true));
  look_again(uploads_, folder);
  const auto found = uploads_.entries.find(folder);
  if (found == uploads_.entries.end()) return track_gone();
  return found->second.track;
}

void Library::keep_latents(const Track& track, StemMode stem, const Latents& latents,
                           const std::string& checkpoint, const std::string& content_hash) {
  if (track.flat || track.shelf != Shelf::upload) return;
  try {
    BuildFolder build(incoming());
    write_latents(build.path(), stem, latents,
                  facts_of(track, checkpoint, content_hash, track.samples));
    const std::lock_guard lock(mutex_);
    const auto now = read_track(track.path, Shelf::upload);
    if (!now || now->id != track.id) return;
    fs::create_directories(track.path / "sidecars");
    // The JSON goes last: without it the tensors do not count.
    const std::string name(to_string(stem));
    std::error_code ignored;
    fs::remove(track.path / "sidecars" / (name + ".json"), ignored);
    for (const char* extension : {".safetensors", ".json"}) {
      const auto file = fs::path("sidecars") / (name + extension);
      fs::rename(build.path() / file, track.path / file);
    }
  } catch (const std::exception& error) {
    log::warn("latents could not be kept: {}", printable(error.what(), 200));
  }
}

bool Library::remove(const std::string& track_id) {
  const auto track = find_id(track_id);
  if (!track || track->shelf != Shelf::upload) return false;
  try {
    // Out of sight with one rename; what takes longer happens aside.
    BuildFolder trash(incoming());
    {
      const std::lock_guard lock(mutex_);
      const auto entry = uploads_.entries.find(track->folder);
      if (entry == uploads_.entries.end() || entry->second.track.id != track_id) return false;
      if (!rename_new(uploads_.path / track->folder, trash.path() / "track")) return false;
      uploads_.entries.erase(track->folder);
    }
    sync_path(uploads_.path);
  } catch (const Error& error) {
    log::error("a track cannot be removed: {}", error.what());
    return false;
  }
  stems_.resolve(track_id, {StemsOutcome::End::gone, "the track was removed"});
  return true;
}

std::size_t Library::wipe(const std::string& owner) {
  if (owner.empty()) return 0;
  std::size_t removed = 0;
  for (const auto& track : list(Shelf::upload)) {
    if (track.owner == owner && remove(track.id)) ++removed;
  }
  return removed;
}

std::size_t Library::wipe_all() {
  std::size_t removed = 0;
  for (const auto& track : list(Shelf::upload)) removed += remove(track.id) ? 1 : 0;
  return removed;
}

}  // namespace headroom::library
