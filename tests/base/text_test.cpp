#include "base/text.h"

#include <fstream>

#include <gtest/gtest.h>

#include "expect_error.h"
#include "temp_folder.h"

namespace headroom {
namespace {

TEST(Utf8, AcceptsEveryLength) {
  EXPECT_EQ(find_invalid_utf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xb5"), std::string_view::npos);
}

TEST(Utf8, FindsTheFirstBadByte) {
  EXPECT_EQ(find_invalid_utf8("ab\xff"), 2U);
  EXPECT_EQ(find_invalid_utf8("\xc3"), 0U) << "cut sequence";
  EXPECT_EQ(find_invalid_utf8("\xc0\xaf"), 0U) << "overlong";
  EXPECT_EQ(find_invalid_utf8("\xed\xa0\x80"), 0U) << "surrogate";
  EXPECT_EQ(find_invalid_utf8("\xf4\x90\x80\x80"), 0U) << "above U+10FFFF";
  EXPECT_EQ(find_invalid_utf8("x\xe2\x82y"), 1U);
}

TEST(HumanBytes, ReadsWell) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(std::uint64_t{8} << 30), "8.0 GiB");
}

TEST(ParseBytes, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_bytes("6GiB"), std::uint64_t{6} << 30);
  EXPECT_EQ(parse_bytes("1.5 g"), std::uint64_t{3} << 29);
  EXPECT_EQ(parse_bytes("800MiB"), std::uint64_t{800} << 20);
  EXPECT_EQ(parse_bytes("2GB"), std::uint64_t{2'000'000'000});
  EXPECT_EQ(parse_bytes("512"), 512U);
  EXPECT_EQ(parse_bytes("0"), 0U);
  for (const auto* bad : {"", "GiB", "-1", "1 parsec", "1e99", "nan", "6GiBs", "inf"})
    EXPECT_ERROR((void)parse_bytes(bad), ErrorKind::usage, "is not a size");
}

TEST(ReadTextFile, GivesTheBytesOrOneClearError) {
  const TempFolder folder;
  const auto path = folder.path() / "text";
  std::ofstream(path, std::ios::binary) << std::string("a\0b\n", 4);
  EXPECT_EQ(read_text_file(path, 100), std::string("a\0b\n", 4));
  expect_error([&] { (void)read_text_file(path, 3); }, ErrorKind::input, "more than");
  expect_error([&] { (void)read_text_file(folder.path() / "none", 3); }, ErrorKind::input,
               "no such file");
  expect_error([&] { (void)read_text_file(folder.path(), 3); }, ErrorKind::input,
               "not a regular file");
}

}  // namespace
}  // namespace headroom
