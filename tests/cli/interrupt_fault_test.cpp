// Runs that are stopped in the middle.
#include <csignal>
#include <thread>

#include <gtest/gtest.h>

#include "cli/refusal.h"

namespace headroom::test {
namespace {

namespace fs = std::filesystem;

// A cover that would take half a minute.
std::vector<std::string> long_cover(const Workshop& shop) {
  return {headroom_program(),
          "cover",
          shop / "song.wav",
          "-o",
          shop / "out/cover.wav",
          "-p",
          "x",
          "--model",
          shop / "model",
          "--steps",
          "1000"};
}

bool wait_for_output(const Workshop& shop) {
  for (int i = 0; i < 2000; ++i) {
    if (!fs::is_empty(shop / "out")) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

TEST(Interrupted, SignalsEndACoverCleanly) {
  for (const int signal : {SIGINT, SIGTERM}) {
    SCOPED_TRACE(signal);
    const Workshop shop;
    Process process(long_cover(shop));
    ASSERT_TRUE(wait_for_output(shop)) << "the run never began to write";
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    process.send(signal);
    const auto ran = process.wait();
    EXPECT_EQ(ran.status, kCanceled) << "signal " << ran.signal << ": " << ran.err;
    EXPECT_EQ(ran.err, "headroom: canceled: stopped by the user; nothing was written\n");
    EXPECT_TRUE(fs::is_empty(shop / "out")) << "something was left behind";
  }
}

TEST(Interrupted, KillLeavesNoFileUnderTheFinalName) {
  const Workshop shop;
  Process process(long_cover(shop));
  ASSERT_TRUE(wait_for_output(shop)) << "the run never began to write";
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  process.send(SIGKILL);
  EXPECT_EQ(process.wait().signal, SIGKILL);
  for (const auto& entry : fs::directory_iterator(shop / "out")) {
    EXPECT_TRUE(entry.path().filename().string().starts_with(".")) << entry.path();
  }
}

}  // namespace
}  // namespace headroom::test
