// Files that are decoded while they are written: the same samples as of the whole file, and early.
#include "audio/growing_file.h"

#include <fstream>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "audio/collector.h"
#include "audio/load.h"
#include "temp_folder.h"

namespace headroom {
namespace {

namespace fs = std::filesystem;

at::Tensor music(std::int64_t samples) {
  at::manual_seed(7);
  const auto t = at::arange(samples, at::kDouble) / 44100.0;
  return (at::randn({2, samples}) * 0.05 + (t * 2000.0).sin().mul(0.3)).to(at::kFloat);
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Somebody who writes a file bit by bit.
class Writer {
 public:
  Writer(fs::path path, std::string bytes) : path_(std::move(path)), bytes_(std::move(bytes)) {
    std::ofstream(path_).flush();
    growing.emplace(path_, static_cast<std::int64_t>(bytes_.size()));
  }
  void write(std::size_t count) {
    count = std::min(count, bytes_.size() - at_);
    std::ofstream(path_, std::ios::binary | std::ios::app)
        .write(bytes_.data() + at_, static_cast<std::streamsize>(count));
    at_ += count;
    growing->reach(static_cast<std::int64_t>(at_));
  }
  bool done() const { return at_ == bytes_.size(); }
  std::size_t size() const { return bytes_.size(); }

  std::optional<GrowingFile> growing;

 private:
  fs::path path_;
  std::string bytes_;
  std::size_t at_ = 0;
};

class GrowingFormat : public testing::TestWithParam<const char*> {};

TEST_P(GrowingFormat, GivesEarlyWhatTheWholeFileGives) {
  const TempFolder folder;
  const auto path = folder / GetParam();
  const int rate = path.extension() == ".opus" ? 48000 : 44100;
  {
    AudioWriter writer(path, rate, 2);
    writer.write(music(20 * rate));
    writer.commit();
  }
  const LoadSettings settings{.channels = 2};
  const auto whole = load_audio(path, 48000, settings);
  Writer writer(folder / "growing", bytes_of(path));
  std::atomic<std::int64_t> early{0};
  Collector heard(2);
  std::thread reader([&] {
    AudioBlocks blocks(AudioReader(*writer.growing, "growing"), 48000, settings);
    while (const auto block = blocks.next()) {
      heard.add(*block);
      early = heard.length();
    }
  });
  while (early < 8 * 48000 && !writer.done()) {
    writer.write(1 + writer.size() / 300);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_FALSE(writer.done()) << "nothing came before the end";
  while (!writer.done()) writer.write(10'000);
  reader.join();
  const auto sound = heard.take();
  ASSERT_EQ(sound.sizes(), whole.sizes());
  EXPECT_TRUE(sound.equal(whole));
}

INSTANTIATE_TEST_SUITE_P(Formats, GrowingFormat,
                         testing::Values("a.wav", "a.flac", "a.ogg", "a.opus", "a.mp3"),
                         [](const auto& one) { return std::string(one.param).substr(2); });

TEST(GrowingFile, WaitsAtTheFrontAndReadsZerosBeyondIt) {
  const TempFolder folder;
  Writer writer(folder / "a", "0123456789");
  writer.write(4);
  char to[8] = "xxxxxxx";
  EXPECT_EQ(writer.growing->read(1, to, 3), 3);
  EXPECT_EQ(std::string(to, 3), "123");
  EXPECT_EQ(writer.growing->read(7, to, 8), 3) << "up to the end that is announced";
  EXPECT_EQ(std::string(to, 3), std::string(3, '\0'));
  EXPECT_EQ(writer.growing->read(10, to, 8), 0);
  std::thread later([&] { writer.write(6); });
  EXPECT_EQ(writer.growing->read(2, to, 6), 6);
  EXPECT_EQ(std::string(to, 6), "234567");
  later.join();
}

TEST(GrowingFile, ClosedItEndsWhereItIs) {
  const TempFolder folder;
  Writer writer(folder / "a", std::string(100, 'x'));
  writer.write(10);
  char to[100];
  std::thread later([&] { writer.growing->close(); });
  EXPECT_EQ(writer.growing->read(4, to, 50), 6);
  later.join();
  EXPECT_EQ(writer.growing->read(10, to, 50), 0);
}

// The library is muted while it works, not while it waits: others have something to say.
TEST(GrowingFile, NobodyIsMutedWhileItWaits) {
  const TempFolder folder;
  {
    AudioWriter made(folder / "a.wav", 48000, 2);
    made.write(music(48000));
    made.commit();
  }
  Writer writer(folder / "growing", bytes_of(folder / "a.wav"));
  writer.write(20'000);
  const auto muted = [] { return fs::read_symlink("/proc/self/fd/2") == "/dev/null"; };
  if (muted()) GTEST_SKIP() << "the test itself has no standard error";
  std::thread reader([&] {
    AudioReader audio(*writer.growing, "growing");
    while (audio.read(48000).size(1) > 0) {
    }
  });
  for (int looks = 0, heard = 0; heard < 20; ++looks) {
    ASSERT_LT(looks, 10'000);
    heard = muted() ? 0 : heard + 1;  // in a row: it waits for the rest by now
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  while (!writer.done()) writer.write(100'000);
  reader.join();
}

}  // namespace
}  // namespace headroom
