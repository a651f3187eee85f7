// The library over real files. W4, W10, W13 to W19, W49; S47, S50, S51.
#include "library/library.h"

#include <thread>

#include <gtest/gtest.h>

#include "audio/file.h"
#include "expect_error.h"
#include "library/tone.h"
#include "library/track_file.h"
#include "temp_folder.h"

namespace headroom::library {
namespace {

namespace fs = std::filesystem;

constexpr LibraryLimits kSmallFloor{.free_floor = 1 << 20};

Track published(Library& library, const std::string& name, std::uint32_t seed = 1) {
  auto reservation = library.reserve(name);
  EXPECT_TRUE(reservation);
  const auto pcm = noise(seed);
  auto track = library.publish(std::move(reservation).value(), track_of(pcm, seed));
  EXPECT_TRUE(track) << track.error().message;
  return std::move(track).value();
}

Result<Track, LibraryRefusal> with_stems(Library& library, const std::string& id,
                                         std::uint32_t seed = 50) {
  const auto vocals = noise(seed);
  const auto instruments = noise(seed + 1);
  return library.add_stems(id, {.vocals = vocals,
                                .instruments = instruments,
                                .checkpoint = "tiny",
                                .vocals_latents = latents_of(seed),
                                .instruments_latents = latents_of(seed + 1)});
}

std::vector<std::string> files_below(const fs::path& root) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(root).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(Library, ATrackInTwoPhases) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  const auto track = published(library, "../My  Söng?!.final.mp3");
  EXPECT_EQ(track.name, "My  Söng__.final.wav");
  EXPECT_EQ(library.names(Shelf::upload), std::vector<std::string>{track.name});
  const auto home = folder / "user_uploads/My  Söng__.final";
  EXPECT_EQ(files_below(folder.path() / "user_uploads"),
            (std::vector<std::string>{
                "My  Söng__.final/sidecars/full.json", "My  Söng__.final/sidecars/full.safetensors",
                "My  Söng__.final/source.wav", "My  Söng__.final/track.json"}));
  EXPECT_TRUE(read_manifest(home)->at("stems").empty()) << "phase 1 lists no stems";
  EXPECT_FALSE(library.read_stems(track));
  EXPECT_EQ(library.read_source(track).samples, noise(1).samples);

  const auto more = with_stems(library, track.id);
  ASSERT_TRUE(more) << more.error().message;
  EXPECT_TRUE(more.value().has_stems);
  EXPECT_EQ(read_manifest(home)->at("stems").size(), 2U);
  EXPECT_EQ(read_manifest(home)->at("sidecars").size(), 3U);
  const auto stems = library.read_stems(*library.find(track.name));
  ASSERT_TRUE(stems);
  EXPECT_EQ(stems->vocals.samples, noise(50).samples);
  EXPECT_EQ(stems->instruments.samples, noise(51).samples);
  EXPECT_FALSE(fs::exists(folder / "user_uploads/.incoming") &&
               !fs::is_empty(folder / "user_uploads/.incoming"));
}

TEST(Library, StemsThatAreThereStay) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  const auto track = published(library, "song");
  ASSERT_TRUE(with_stems(library, track.id, 50));
  ASSERT_TRUE(with_stems(library, track.id, 60));
  EXPECT_EQ(library.read_stem(*library.find("song"), StemMode::vocals)->samples, noise(50).samples);
}

// W15
TEST(Library, LatentsBelongToContentAndCheckpoint) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  const auto track = published(library, "a");
  const auto hash = track.content_hash;
  const auto found = library.read_latents(track, StemMode::full, "tiny", hash, 9600);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->latent.equal(latents_of(1).latent));
  EXPECT_FALSE(library.read_latents(track, StemMode::full, "other", hash, 9600));
  EXPECT_FALSE(library.read_latents(track, StemMode::full, "tiny", hash_of(noise(2)), 9600));
  EXPECT_FALSE(library.read_latents(track, StemMode::full, "tiny", hash, 9601));
  EXPECT_FALSE(library.read_latents(track, StemMode::vocals, "tiny", hash, 9600));
  library.keep_latents(track, StemMode::full, latents_of(7), "other", hash);
  EXPECT_TRUE(library.read_latents(track, StemMode::full, "other", hash, 9600));
}

TEST(Library, NamesOfWhateverKindOnlyFindWhatIsListed) {
  const TempFolder folder;
  Library library(folder.path() / "lib", kSmallFloor);
  published(library, "song.wav");
  folder.write("outside.wav", "secret");
  fs::copy(folder / "lib/user_uploads/song", folder / "other", fs::copy_options::recursive);
  for (const auto& bad :
       std::vector<std::string>{"../other", "../../outside.wav", (folder / "outside.wav").string(),
                                "a/../song", "song/../song", "..", "", "user_uploads/song"})
    EXPECT_FALSE(library.find(bad)) << bad;
  for (const char* good : {"song.wav", "song", "song.flac"})
    EXPECT_TRUE(library.find(good)) << good;
  EXPECT_FALSE(library.find("Song.wav")) << "case counts when looking up";
}

TEST(Library, TheSameNameTwiceGetsANumber) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  EXPECT_EQ(published(library, "a.wav", 1).name, "a.wav");
  EXPECT_EQ(published(library, "A.mp3", 2).name, "A (1).wav") << "a file system may fold case";
  EXPECT_EQ(published(library, "a", 3).name, "a (2).wav");
}

TEST(Library, ManyUploadsOfOneNameAtOnce) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  std::vector<std::thread> uploads;
  for (std::uint32_t i = 0; i < 8; ++i)
    uploads.emplace_back(
        [&, i] { EXPECT_TRUE(with_stems(library, published(library, "same", i).id, 90 + i)); });
  for (auto& upload : uploads) upload.join();
  EXPECT_EQ(library.list(Shelf::upload).size(), 8U);
  std::set<std::vector<float>> different;
  for (const auto& track : library.list(Shelf::upload)) {
    const auto source = library.read_source(track);
    EXPECT_EQ(hash_of(source), track.content_hash) << track.name;
    different.insert(source.samples);
  }
  EXPECT_EQ(different.size(), 8U);
}

TEST(Library, ANameThatIsReservedIsTakenUntilLetGo) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  {
    const auto first = library.reserve("x");
    const auto second = library.reserve("x");
    EXPECT_EQ(first.value().name(), "x.wav");
    EXPECT_EQ(second.value().name(), "x (1).wav");
  }
  EXPECT_EQ(library.reserve("x").value().name(), "x.wav");
}

// S50, W49: a track that is gone stays gone, and a new one of its name gets nothing of it.
TEST(Library, StemsOfATrackThatWasWipedAreDiscarded) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  const auto old = published(library, "song", 1);
  library.stems().mark(old.id);
  StemsOutcome heard{StemsOutcome::End::ready, {}};
  const auto wait =
      library.stems().wait(old.id, [&](const StemsOutcome& outcome) { heard = outcome; });
  EXPECT_TRUE(library.remove(old.id));
  EXPECT_EQ(heard.end, StemsOutcome::End::gone);
  EXPECT_EQ(library.stems().count(), 0U);
  auto refused = with_stems(library, old.id);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, LibraryRefusal::Kind::gone);
  EXPECT_TRUE(files_below(folder.path()).empty());

  const auto fresh = published(library, "song", 2);
  EXPECT_EQ(fresh.name, old.name);
  EXPECT_NE(fresh.id, old.id);
  EXPECT_FALSE(with_stems(library, old.id));
  EXPECT_FALSE(library.find("song")->has_stems);
}

TEST(Library, AFolderThatAnotherProgramRemovesIsGone) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  const auto track = published(library, "song");
  fs::remove_all(folder / "user_uploads/song");
  EXPECT_FALSE(library.find("song"));
  EXPECT_FALSE(with_stems(library, track.id));
  EXPECT_FALSE(fs::exists(folder / "user_uploads/song"));
  EXPECT_ERROR(library.read_source(track), ErrorKind::input, "source.wav");
}

TEST(Library, WhatAPersonWritesIntoTrackJsonCountsAndSurvives) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  const auto track = published(library, "song");
  auto manifest = *read_manifest(track.path);
  manifest["bpm"] = 93;
  manifest["mood"] = {"blue", 3};
  write_manifest(track.path, manifest);
  EXPECT_EQ(library.find("song")->bpm, 93);
  ASSERT_TRUE(with_stems(library, track.id));
  EXPECT_EQ(read_manifest(track.path)->at("mood"), manifest["mood"]);
  EXPECT_EQ(read_manifest(track.path)->at("bpm"), 93);
}

TEST(Library, OwnersAreWipedAlone) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  published(library, "mine");
  const auto pcm = noise(4);
  auto other = track_of(pcm, 4);
  other.owner = "you";
  ASSERT_TRUE(library.publish(library.reserve("yours").value(), other));
  EXPECT_EQ(library.wipe(""), 0U);
  EXPECT_EQ(library.wipe("me"), 1U);
  EXPECT_EQ(library.names(Shelf::upload), std::vector<std::string>{"yours.wav"});
}

TEST(Library, QuotaFloorAndCountAreRefusedBeforeAnythingIsWritten) {
  const TempFolder folder;
  {
    Library library(folder.path(), {.quota = 250'000, .free_floor = 0});
    published(library, "a", 1);
    published(library, "b", 2);
    const auto pcm = noise(3);
    auto over = library.publish(library.reserve("c").value(), track_of(pcm, 3));
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().kind, LibraryRefusal::Kind::quota);
    EXPECT_NE(over.error().message.find("Remove uploads"), std::string::npos);
    EXPECT_FALSE(library.reserve("c", 1'000'000));
  }
  Library full(folder.path(), {.free_floor = std::uint64_t{1} << 60});
  EXPECT_EQ(full.reserve("d").error().kind, LibraryRefusal::Kind::disk_full);
  Library many(folder.path(), {.free_floor = 0, .most_tracks = 2});
  EXPECT_EQ(many.reserve("d").error().kind, LibraryRefusal::Kind::quota);
  EXPECT_EQ(many.list(Shelf::upload).size(), 2U);
}

// W16
TEST(Library, ContentIsFoundAgain) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  const auto track = published(library, "a", 9);
  EXPECT_EQ(library.find_content(hash_of(noise(9)))->id, track.id);
  EXPECT_FALSE(library.find_content(hash_of(noise(10))));
  EXPECT_FALSE(library.find_content(""));
}

TEST(Library, StartsFromWhatIsThereAndSweepsWhatIsNot) {
  const TempFolder folder;
  std::string id;
  {
    Library library(folder.path(), kSmallFloor);
    id = published(library, "kept").id;
  }
  folder.write("user_uploads/.incoming/1234/source.wav", "half");
  folder.write("user_uploads/kept/stems/vocals.wav", "moved, not listed");
  folder.write("user_uploads/kept/.track.12-0.part.json", "{");
  folder.write("user_uploads/no track/notes.txt", "somebody's");
  folder.write("user_uploads/flat song.mp3", "x");
  folder.write("user_uploads/flat song.mp3.track.json", R"({"bpm": 77})");
  folder.write("user_uploads/flat song.vocals.wav", "x");
  Library library(folder.path(), kSmallFloor);
  EXPECT_EQ(library.names(Shelf::upload), (std::vector<std::string>{"flat song.mp3", "kept.wav"}));
  EXPECT_EQ(library.find("flat song.mp3")->bpm, 77);
  EXPECT_EQ(library.find("kept")->id, id) << "an id lasts";
  EXPECT_FALSE(fs::exists(folder / "user_uploads/.incoming/1234"));
  EXPECT_FALSE(fs::exists(folder / "user_uploads/kept/stems"));
  EXPECT_FALSE(fs::exists(folder / "user_uploads/kept/.track.12-0.part.json"));
  EXPECT_TRUE(fs::exists(folder / "user_uploads/no track/notes.txt")) << "not ours to remove";
}

TEST(Library, UploadsShadowFixturesAndFixturesAreNotRemoved) {
  const TempFolder folder;
  {
    Library maker(folder / "maker", kSmallFloor);
    published(maker, "song", 1);
    fs::create_directories(folder / "lib/fixtures");
    fs::rename(folder / "maker/user_uploads/song", folder / "lib/fixtures/song");
  }
  Library library(folder / "lib", kSmallFloor);
  const auto fixture = *library.find("song.wav");
  EXPECT_EQ(fixture.shelf, Shelf::fixture);
  EXPECT_FALSE(library.remove(fixture.id));
  published(library, "song", 2);
  EXPECT_EQ(library.find("song.wav")->shelf, Shelf::upload);
}

TEST(Library, DamagedFilesAreErrorsAndNotTracks) {
  const TempFolder folder;
  Library library(folder.path(), kSmallFloor);
  const auto track = published(library, "song");
  folder.write("user_uploads/song/sidecars/full.safetensors", "damaged");
  EXPECT_FALSE(library.read_latents(track, StemMode::full, "tiny", track.content_hash, 9600));
  folder.write("user_uploads/song/source.wav", "damaged");
  EXPECT_ERROR(library.read_source(track), ErrorKind::input, "source.wav");
  folder.write("user_uploads/song/track.json", "{\"a\":");
  EXPECT_FALSE(library.find("song"));
  EXPECT_FALSE(with_stems(library, track.id));
}

}  // namespace
}  // namespace headroom::library
