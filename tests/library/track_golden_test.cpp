// What is written against what DEMON's library code wrote, and its libraries read by ours.
#include <gtest/gtest.h>

#include "library/tone.h"
#include "library/track_file.h"
#include "temp_folder.h"
#include "wire/protocol_golden.h"

namespace headroom::library {
namespace {

TEST(TrackFiles, ManifestAndSidecarHaveEveryRecordedMember) {
  const TempFolder folder;
  Library library(folder.path(), {.free_floor = 0});
  const auto golden = wire::golden_json("track_library.json");
  auto pcm = noise(1, 96000);
  auto fresh = track_of(pcm, 1);
  fresh.key = "C major";
  fresh.time_signature = "6";
  fresh.checkpoint = "acestep-v15-turbo";
  const auto track =
      library.publish(library.reserve(golden["request"]["name"].get<std::string>()).value(), fresh);
  ASSERT_TRUE(track);
  ASSERT_TRUE(library.add_stems(track.value().id, {.vocals = pcm,
                                                   .instruments = pcm,
                                                   .checkpoint = "acestep-v15-turbo",
                                                   .vocals_latents = latents_of(2),
                                                   .instruments_latents = latents_of(3)}));
  auto manifest = golden["track_json"];
  manifest.erase("waveform_sha256");  // another hash on purpose
  wire::expect_contains(*read_manifest(track.value().path), manifest);
  std::ifstream sidecar(track.value().path / "sidecars/full.json");
  wire::expect_contains(nlohmann::json::parse(sidecar), golden["sidecar_full_json"]);
}

TEST(TrackFiles, AForeignTrackIsRead) {
  const TempFolder folder;
  const auto golden = wire::golden_json("track_library.json");
  const auto home = folder / "user_uploads/theirs";
  std::filesystem::create_directories(home / "stems");
  const auto pcm = noise(1, 96000);
  for (const char* file : {"source.wav", "stems/vocals.wav", "stems/instruments.wav"})
    write_wav(home / file, pcm);
  LatentFacts facts{.checkpoint = "acestep-v15-turbo", .content_hash = {}, .samples = 96000};
  write_latents(home, StemMode::full, latents_of(4), facts);
  auto sidecar = golden["sidecar_full_json"];  // as DEMON writes it: no hashes
  folder.write("user_uploads/theirs/sidecars/full.json", sidecar.dump());
  folder.write("user_uploads/theirs/track.json", golden["track_json"].dump());
  Library library(folder.path(), {.free_floor = 0});
  const auto track = library.find("My  Söng__.final.wav");
  ASSERT_TRUE(track);
  EXPECT_EQ(track->bpm, 120);
  EXPECT_EQ(track->key, "C major");
  EXPECT_EQ(track->time_signature, "6");
  EXPECT_TRUE(track->has_stems && library.read_stems(*track));
  EXPECT_TRUE(library.read_latents(*track, StemMode::full, "any", hash_of(pcm), 96000));
  EXPECT_FALSE(library.read_latents(*track, StemMode::full, "any", hash_of(pcm), 96001));
}

}  // namespace
}  // namespace headroom::library
