#include "base/pending_file.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/text.h"
#include "expect_error.h"
#include "temp_folder.h"

namespace headroom {
namespace {

namespace fs = std::filesystem;

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(PendingFile, AppearsOnlyWhenCommitted) {
  const TempFolder folder;
  const auto target = folder.path() / "song.wav";
  {
    PendingFile file(target);
    std::ofstream(file.path()) << "whole";
    EXPECT_FALSE(fs::exists(target));
    EXPECT_EQ(file.path().extension(), ".wav")
        << "libraries that look at the extension must see it";
    file.commit();
  }
  EXPECT_EQ(read_text_file(target, 100), "whole");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(PendingFile, LeavesNothingWhenItIsNot) {
  const TempFolder folder;
  const auto target = folder.path() / "song.wav";
  std::ofstream(target) << "old";
  { std::ofstream(PendingFile(target).path()) << "half"; }
  EXPECT_EQ(read_text_file(target, 100), "old");
  EXPECT_EQ(entries(folder.path()), 1U) << "the file written aside is still there";
}

TEST(PendingFile, MovesWithItsFile) {
  const TempFolder folder;
  PendingFile first(folder.path() / "a");
  PendingFile second(std::move(first));
  std::ofstream(second.path()) << "x";
  second.commit();
  EXPECT_TRUE(fs::exists(folder.path() / "a"));
}

TEST(PendingFile, RefusesAtOnceWhatCannotBeWritten) {
  const TempFolder folder;
  expect_error([&] { PendingFile file(folder.path() / "no" / "such" / "a.wav"); },
               ErrorKind::output, "folder does not exist");
  expect_error([&] { PendingFile file(folder.path()); }, ErrorKind::output, "is a folder");
  expect_error([&] { PendingFile file(folder.path() / ""); }, ErrorKind::output, "folder");
  expect_error([&] { PendingFile file("/proc/a.wav"); }, ErrorKind::output, "cannot be written");
}

}  // namespace
}  // namespace headroom
