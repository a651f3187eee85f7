// `headroom bench upload` at a real server.
#include <gtest/gtest.h>

#include "expect_error.h"
#include "server/stand.h"
#include "server/upload_bench.h"

namespace headroom::server::test {
namespace {

UploadBenchSettings at(const Stand& stand, std::size_t frames = 96000) {
  UploadBenchSettings settings;
  settings.address = {.port = stand.port()};
  settings.sound = [frames](int number) {
    return wire::Pcm{
        .frames = static_cast<std::uint32_t>(frames),
        .samples = wire::golden_signal(static_cast<std::uint32_t>(number) + 1, frames)};
  };
  return settings;
}

TEST(UploadBench, SendsTracksAndTimesTheirAnswers) {
  Stand stand;
  const auto uploads = bench_upload(at(stand), [] { return false; });
  ASSERT_EQ(uploads.size(), 3U);
  EXPECT_EQ(stand.library.list(library::Shelf::upload).size(), 3U);
  for (const auto& one : uploads) {
    EXPECT_EQ(one.length, 2.0);
    EXPECT_GT(one.transfer, 0.0);
    EXPECT_GT(one.answer, 0.0);
  }
  const auto json = to_json(uploads);
  EXPECT_EQ(json["uploads"].size(), 3U);
  EXPECT_EQ(json["answer_seconds"]["count"], 3);
  EXPECT_NE(to_text(uploads).find("2 s of sound"), std::string::npos);
}

TEST(UploadBench, ARefusalEndsIt) {
  Stand stand;
  EXPECT_ERROR((void)bench_upload(at(stand, 100), [] { return false; }), ErrorKind::input,
               "the server says");
}

}  // namespace
}  // namespace headroom::server::test
