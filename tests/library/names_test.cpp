#include "library/names.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "wire/protocol_golden.h"

namespace headroom::library {
namespace {

TEST(Names, TheRecordedTable) {
  const auto golden = wire::golden_json("tables.json");
  for (const auto& row : golden["sanitising"]) {
    const auto requested = row["requested"].get<std::string>();
    if (requested.starts_with("('x'*300)")) continue;  // below
    EXPECT_EQ(upload_folder(requested) + ".wav", row["canonical_name"].get<std::string>())
        << requested;
    EXPECT_EQ(folder_name(requested), row["track_dir"].get<std::string>()) << requested;
  }
}

// W17: 300 characters were an error of the system.
TEST(Names, AreCutBetweenCharacters) {
  EXPECT_EQ(folder_name(std::string(300, 'x') + ".wav"), std::string(100, 'x'));
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "語";
  EXPECT_EQ(folder_name(wide).size(), 99U);
  EXPECT_EQ(upload_folder(std::string(300, 'x'), 12), std::string(95, 'x') + " (12)");
}

TEST(Names, AreComposedAndCompareWithoutCase) {
  EXPECT_EQ(folder_name("e\xcc\x81t\xc3\xa9.wav"), "\xc3\xa9t\xc3\xa9");
  EXPECT_EQ(collision_key("STRASSE"), collision_key("stra\xc3\x9f"
                                                    "e"));
  EXPECT_NE(collision_key("a"), collision_key("b"));
}

TEST(Names, AnyBytesGiveAUsableName) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; b += 7) {
      const std::string name{static_cast<char>(a), static_cast<char>(b), 'x', static_cast<char>(b)};
      const auto folder = folder_name(name);
      ASSERT_FALSE(folder.empty() || folder.front() == '.' || folder.front() == ' ');
      ASSERT_EQ(folder.find('/'), std::string::npos);
      ASSERT_EQ(find_invalid_utf8(folder), std::string::npos) << a << " " << b;
    }
  }
}

TEST(Names, WhatIsNoNameIsNotLookedUp) {
  for (const char* bad : {"", "..", ".", "a/b", "../x.wav", "/etc/passwd", "a\\b", "a\nb", "\xff"})
    EXPECT_FALSE(may_be_looked_up(bad)) << bad;
  EXPECT_FALSE(may_be_looked_up(std::string("a\0b", 3)));
  EXPECT_TRUE(may_be_looked_up("My  Söng__.final (1).wav"));
}

}  // namespace
}  // namespace headroom::library
