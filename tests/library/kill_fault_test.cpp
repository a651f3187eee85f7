// A process that writes is killed (25 times; HEADROOM_KILLS sets another number) at random moments:
// each track is whole or absent, and what was acknowledged is there. W13; S47.
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "library/tone.h"
#include "support/program.h"
#include "temp_folder.h"

namespace headroom::library {
namespace {

namespace fs = std::filesystem;

struct Acknowledged {
  std::map<std::string, std::string> hash_of_folder{};
  std::set<std::string> with_stems{};
  std::set<std::string> perhaps_removed{};
};

void read_lines(const std::string& said, Acknowledged& known) {
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    const auto what = line.substr(0, space);
    const auto rest = line.substr(space + 1);
    const auto folder = rest.substr(0, rest.find('\t'));
    if (what == "track") {
      known.hash_of_folder[folder] = rest.substr(rest.find('\t') + 1);
      known.with_stems.erase(folder);
      known.perhaps_removed.erase(folder);
    } else if (what == "stems") {
      known.with_stems.insert(folder);
    } else {
      known.perhaps_removed.insert(folder);
    }
  }
}

void expect_whole(const Library& library, const Track& track) {
  EXPECT_EQ(hash_of(library.read_source(track)), track.content_hash) << track.folder;
  EXPECT_TRUE(
      library.read_latents(track, StemMode::full, "tiny", track.content_hash, track.samples))
      << track.folder;
  if (!track.has_stems) return;
  const auto stems = library.read_stems(track);
  ASSERT_TRUE(stems) << track.folder;
  EXPECT_TRUE(library.read_latents(track, StemMode::vocals, "tiny", hash_of(stems->vocals),
                                   stems->vocals.frames))
      << track.folder;
}

TEST(KillNine, EveryTrackIsWholeOrAbsent) {
  const TempFolder folder;
  std::minstd_rand dice(20261122);
  Acknowledged known;
  std::size_t seen = 0;
  std::size_t swept = 0;
  const char* const wanted = std::getenv("HEADROOM_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 25;
  for (int round = 0; round < kills; ++round) {
    const auto name = std::to_string(round);
    test::Process writer({HEADROOM_LIBRARY_WRITER, "churn", folder.path().string(), name});
    while (!fs::exists(folder / ("ready-" + name)) && !writer.ended())
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    // Long enough for some tracks; everything is hit: building, renaming, removing.
    std::this_thread::sleep_for(std::chrono::microseconds(dice() % 100'000));
    writer.send(SIGKILL);
    const auto ran = writer.wait();
    ASSERT_EQ(ran.signal, SIGKILL) << "the writer ended by itself: " << ran.err;
    read_lines(ran.out, known);
    std::error_code code;
    const auto incoming = folder / "user_uploads/.incoming";
    if (fs::exists(incoming, code) && !fs::is_empty(incoming, code)) ++swept;

    const Library library(folder.path(), {.free_floor = 0});
    EXPECT_TRUE(!fs::exists(incoming, code));
    std::set<std::string> there;
    for (const auto& track : library.list(Shelf::upload)) {
      there.insert(track.folder);
      expect_whole(library, track);
      ++seen;
    }
    for (const auto& [name, hash] : known.hash_of_folder) {
      if (known.perhaps_removed.contains(name)) continue;
      ASSERT_TRUE(there.contains(name)) << name << " was acknowledged and is lost, round " << round;
      EXPECT_EQ(library.find(name)->content_hash, hash) << name;
      EXPECT_TRUE(!known.with_stems.contains(name) || library.find(name)->has_stems) << name;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(seen, static_cast<std::size_t>(kills))
      << "the writer was always killed before it wrote; the test shows nothing";
  EXPECT_GT(swept, static_cast<std::size_t>(kills / 5))
      << "never killed in the middle; the test shows nothing";
}

TEST(FullDisk, NothingIsLeftAndTheReasonIsSaid) {
  const TempFolder folder;
  const auto ran = test::run_program({HEADROOM_LIBRARY_WRITER, "once", folder.path().string()},
                                     {.folder = {}, .largest_file = 100'000, .user = {}});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out.find("the track could not be written: "), 0U) << ran.out;
  std::error_code code;
  EXPECT_TRUE(Library(folder.path(), {.free_floor = 0}).list(Shelf::upload).empty());
  for (const auto& entry : fs::recursive_directory_iterator(folder.path()))
    EXPECT_TRUE(entry.is_directory()) << entry.path();
}

}  // namespace
}  // namespace headroom::library
