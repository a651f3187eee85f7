#include "server/http.h"

#include <gtest/gtest.h>

#include "server/metrics.h"
#include "temp_folder.h"

namespace headroom::server {
namespace {

std::string range(std::string_view header, std::uint64_t size) {
  ByteRange found{};
  switch (parse_range(header, size, found)) {
    case RangeKind::whole:
      return "whole";
    case RangeKind::unsatisfiable:
      return "unsatisfiable";
    case RangeKind::part:
      break;
  }
  return std::to_string(found.first) + "-" + std::to_string(found.last);
}

TEST(Http, Ranges) {
  EXPECT_EQ(range("bytes=0-99", 1000), "0-99");
  EXPECT_EQ(range("bytes=900-", 1000), "900-999");
  EXPECT_EQ(range("bytes=-100", 1000), "900-999");
  EXPECT_EQ(range("bytes=-5000", 1000), "0-999");
  EXPECT_EQ(range("bytes=999-99999999999999999999", 1000), "whole") << "no number";
  EXPECT_EQ(range("bytes=10-2000", 1000), "10-999");
  EXPECT_EQ(range("bytes=1000-", 1000), "unsatisfiable");
  EXPECT_EQ(range("bytes=-0", 1000), "unsatisfiable");
  EXPECT_EQ(range("bytes=0-", 0), "unsatisfiable");
  for (const char* odd :
       {"", "bytes=5-2", "bytes=a-b", "bytes=", "lines=1-2", "bytes=1-2,5-6", "bytes=--1"})
    EXPECT_EQ(range(odd, 1000), "whole") << odd;
}

TEST(Http, FilesHaveTagsAndParts) {
  const TempFolder folder;
  const auto file = folder.write("a.wav", "0123456789");
  const auto whole = file_reply({"GET", "/"}, file);
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.length(), 10U);
  std::string tag;
  for (const auto& [name, value] : whole.headers) {
    if (name == "ETag") tag = value;
  }
  ASSERT_FALSE(tag.empty());
  EXPECT_EQ(file_reply({"GET", "/", {{"if-none-match", tag}}}, file).status, 304);
  const auto part = file_reply({"GET", "/", {{"range", "bytes=2-3"}, {"if-range", tag}}}, file);
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.file->offset, 2U);
  EXPECT_EQ(part.file->length, 2U);
  EXPECT_EQ(
      file_reply({"GET", "/", {{"range", "bytes=2-3"}, {"if-range", "\"old\""}}}, file).status,
      200);
  EXPECT_EQ(file_reply({"GET", "/", {{"range", "bytes=10-"}}}, file).status, 416);
  EXPECT_EQ(file_reply({"GET", "/"}, folder / "none").status, 404);
  EXPECT_EQ(file_reply({"GET", "/"}, folder.path()).status, 404);
}

TEST(Http, ProblemsSayWhatTheyAreInNumbersAndWords) {
  const auto reply = problem(503, "memory_refused", "no room", {{"required_bytes", 7}});
  const auto json = nlohmann::json::parse(reply.body);
  EXPECT_EQ(json["code"], "memory_refused");
  EXPECT_EQ(json["status"], 503);
  EXPECT_EQ(json["required_bytes"], 7);
  EXPECT_EQ(reply.headers[0].second, "application/problem+json");
}

TEST(Metrics, TextFormat) {
  MetricsText text;
  text.family("x_total", "Help.", "counter", {{{{"owner", "a\"b\\c\nd"}}, 2.0}});
  EXPECT_EQ(text.text(),
            "# HELP x_total Help.\n# TYPE x_total counter\nx_total{owner=\"a\\\"b\\\\c\\nd\"} 2\n");
  Histogram ticks;
  ticks.observe(0.001);
  ticks.observe(0.3);
  ticks.observe(100.0);
  MetricsText histogram;
  ticks.write(histogram, "t", "T.");
  EXPECT_NE(histogram.text().find("t_bucket{le=\"0.001\"} 1\n"), std::string::npos);
  EXPECT_NE(histogram.text().find("t_bucket{le=\"0.5\"} 2\n"), std::string::npos);
  EXPECT_NE(histogram.text().find("t_bucket{le=\"+Inf\"} 3\n"), std::string::npos);
  EXPECT_NE(histogram.text().find("t_count 3\n"), std::string::npos);
}

}  // namespace
}  // namespace headroom::server
