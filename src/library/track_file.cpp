#include "library/track_file.h"

#include <cmath>
#include <fstream>
#include <sys/stat.h>

#include <fmt/format.h>

#include "audio/file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/pending_file.h"
#include "base/strict_json.h"
#include "base/text.h"
#include "library/disk.h"
#include "tensor/safetensors.h"
#include "wire/constants.gen.h"

namespace headroom::library {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestJson = 1 << 20;
constexpr const char* kOurs = "headroom";  // the member that holds what only we write

std::string text_in(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_string()) return {};
  const auto& text = found->get_ref<const std::string&>();
  return text.size() <= 1024 ? text : std::string();
}

std::optional<std::string> label_in(const nlohmann::json& json, const char* name) {
  auto text = text_in(json, name);
  return text.empty() ? std::nullopt : std::optional(std::move(text));
}

std::int64_t count_in(const nlohmann::json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) return 0;
  const double value = found->get<double>();
  return value >= 0.0 && value < 1e15 ? static_cast<std::int64_t>(value) : 0;
}

nlohmann::json ours_in(const nlohmann::json& json) {
  const auto found = json.find(kOurs);
  return found != json.end() && found->is_object() ? *found : nlohmann::json::object();
}

std::optional<nlohmann::json> read_object(const fs::path& file) {
  try {
    auto json = parse_strict_json(read_text_file(file, kLargestJson), ErrorKind::input,
                                  file.filename().string());
    if (json.is_object()) return json;
  } catch (const Error&) {
    // Missing, damaged or no JSON: the same to us.
  }
  return std::nullopt;
}

void write_json(const fs::path& file, const nlohmann::json& json) {
  PendingFile pending(file);
  std::ofstream out(pending.path(), std::ios::binary);
  out << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  out.close();
  if (!out) throw Error(ErrorKind::output, file.filename().string() + ": the disk refused it");
  pending.commit();
}

std::string foreign_id(const fs::path& path) {
  struct stat facts {};
  ::stat(path.c_str(), &facts);
  return fmt::format("foreign-{:x}-{:x}", facts.st_dev, facts.st_ino);
}

fs::path sidecar(const fs::path& folder, StemMode stem, const char* extension) {
  return folder / "sidecars" / (std::string(to_string(stem)) + extension);
}

template <class T>
void set_or_null(nlohmann::json& json, const char* name, const std::optional<T>& value) {
  json[name] = value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

bool has_file(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored);
}

bool lists_stems(const nlohmann::json& manifest, const fs::path& folder) {
  const auto stems = manifest.find("stems");
  if (stems == manifest.end() || !stems->is_object()) return false;
  for (const auto stem : {StemMode::vocals, StemMode::instruments}) {
    if (!stems->contains(std::string(to_string(stem))) || !has_file(stem_file(folder, stem)))
      return false;
  }
  return true;
}

bool fits(const nlohmann::json& json, const LatentFacts& wanted) {
  if (count_in(json, "format_version") != kTrackFormat ||
      count_in(json, "samples") != wanted.samples)
    return false;
  const auto ours = ours_in(json);
  if (ours.empty()) return true;
  return text_in(ours, "content_sha256") == wanted.content_hash &&
         text_in(json, "checkpoint") == wanted.checkpoint;
}

}  // namespace

fs::path source_file(const Track& track) {
  return track.flat ? track.path : track.path / "source.wav";
}

fs::path stem_file(const fs::path& folder, StemMode stem) {
  return folder / "stems" / (std::string(to_string(stem)) + ".wav");
}

std::optional<nlohmann::json> read_manifest(const fs::path& folder) {
  return read_object(folder / "track.json");
}

void write_manifest(const fs::path& folder, const nlohmann::json& manifest) {
  write_json(folder / "track.json", manifest);
}

nlohmann::json manifest_of(const Track& track, const fs::path& folder, nlohmann::json before,
                           bool with_stems) {
  nlohmann::json json = std::move(before);
  json["format_version"] = kTrackFormat;
  if (!json.contains("display_name")) json["display_name"] = track.name;
  json["source_file"] = "source.wav";
  json["source_name"] = track.name;
  json["sample_rate"] = wire::kSampleRate;
  json["samples"] = track.samples;
  json["channels"] = wire::kChannels;
  // DEMON's own fingerprint is not portable, so it is opaque here: ours is in a member of its own.
  json["waveform_sha256"] = track.content_hash;
  json["stems"] = nlohmann::json::object();
  json["sidecars"] = nlohmann::json::object();
  for (const auto stem : {StemMode::full, StemMode::vocals, StemMode::instruments}) {
    const std::string name(to_string(stem));
    if (stem != StemMode::full && !with_stems) continue;
    if (has_file(stem_file(folder, stem))) json["stems"][name] = "stems/" + name + ".wav";
    if (has_file(sidecar(folder, stem, ".json")))
      json["sidecars"][name] = "sidecars/" + name + ".json";
  }
  set_or_null(json, "bpm", track.bpm);
  set_or_null(json, "key", track.key);
  set_or_null(json, "time_signature", track.time_signature);
  auto ours = ours_in(json);
  ours["track_id"] = track.id;
  ours["content_sha256"] = track.content_hash;
  ours["owner"] = track.owner;
  json[kOurs] = std::move(ours);
  return json;
}

std::optional<Track> read_track(const fs::path& folder, Shelf shelf) {
  const auto manifest = read_manifest(folder);
  if (!manifest || !has_file(folder / "source.wav")) return std::nullopt;
  Track track;
  track.folder = folder.filename().string();
  track.shelf = shelf;
  track.path = folder;
  track.bytes = bytes_below(folder);
  track.name = text_in(*manifest, "source_name");
  if (track.name.empty()) track.name = text_in(*manifest, "display_name");
  if (track.name.empty()) track.name = track.folder;
  track.samples = count_in(*manifest, "samples");
  if (const auto bpm = count_in(*manifest, "bpm"); bpm > 0 && bpm < 1000)
    track.bpm = static_cast<int>(bpm);
  track.key = label_in(*manifest, "key");
  track.time_signature = label_in(*manifest, "time_signature");
  const auto ours = ours_in(*manifest);
  track.id = text_in(ours, "track_id");
  if (track.id.empty()) track.id = foreign_id(folder);
  track.content_hash = text_in(ours, "content_sha256");
  track.owner = text_in(ours, "owner");
  track.has_stems = lists_stems(*manifest, folder);
  return track;
}

std::optional<Track> read_flat_track(const fs::path& file, Shelf shelf) {
  if (!has_file(file)) return std::nullopt;
  Track track;
  track.flat = true;
  track.folder = track.name = file.filename().string();
  track.shelf = shelf;
  track.path = file;
  std::error_code ignored;
  track.bytes = fs::file_size(file, ignored);
  track.id = foreign_id(file);
  if (const auto json = read_object(fs::path(file.string() + ".track.json"))) {
    if (const auto bpm = count_in(*json, "bpm"); bpm > 0 && bpm < 1000)
      track.bpm = static_cast<int>(bpm);
    track.key = label_in(*json, "key");
    track.time_signature = label_in(*json, "time_signature");
  }
  return track;
}

void write_wav(const fs::path& file, const Pcm& pcm) {
  AudioWriter writer(file, static_cast<int>(wire::kSampleRate), static_cast<int>(pcm.channels));
  const auto interleaved = at::from_blob(const_cast<float*>(pcm.samples.data()),
                                         {static_cast<std::int64_t>(pcm.frames), pcm.channels});
  writer.write(interleaved.t());
  writer.commit();
}

void write_latents(const fs::path& folder, StemMode stem, const Latents& latents,
                   const LatentFacts& facts) {
  fs::create_directories(folder / "sidecars");
  nlohmann::json json{{"format_version", kTrackFormat},
                      {"checkpoint", facts.checkpoint},
                      {"samples", facts.samples},
                      {"duration_s", static_cast<double>(facts.samples) / wire::kSampleRate},
                      {"sample_rate", wire::kSampleRate},
                      {"channels", wire::kChannels}};
  set_or_null(json, "bpm", facts.bpm);
  set_or_null(json, "key", facts.key);
  set_or_null(json, "time_signature", facts.time_signature);
  std::map<std::string, std::string> metadata;
  for (const auto& [name, value] : json.items())
    metadata[name] = value.is_string() ? value.get<std::string>() : value.dump();
  json[kOurs] = {{"content_sha256", facts.content_hash}};
  save_safetensors(sidecar(folder, stem, ".safetensors"),
                   {{"latent", latents.latent}, {"context_latent", latents.context_latent}},
                   metadata);
  write_json(sidecar(folder, stem, ".json"), json);
}

std::optional<Latents> read_latents(const fs::path& folder, StemMode stem,
                                    const LatentFacts& wanted) {
  const auto json = read_object(sidecar(folder, stem, ".json"));
  if (!json || !fits(*json, wanted)) return std::nullopt;
  try {
    const auto file = SafetensorsFile::open(sidecar(folder, stem, ".safetensors"));
    return Latents{file.tensor("latent"), file.tensor("context_latent")};
  } catch (const Error& error) {
    log::warn("latents are made again: {}", error.what());
    return std::nullopt;
  }
}

}  // namespace headroom::library
