#include "base/error.h"

#include <set>

#include <gtest/gtest.h>

namespace headroom {
namespace {

TEST(Error, MessageIsOneLineWhateverItQuotes) {
  const Error error(ErrorKind::input, "bad name \x1b[2J\n\r\xff here");
  EXPECT_STREQ(error.what(), "bad name ?[2J??? here");
  EXPECT_EQ(error.kind(), ErrorKind::input);
}

TEST(Error, LongQuotesAreCutAtACharacter) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ä";
  const auto shown = printable(text, 9);
  EXPECT_EQ(shown, "äääää…") << "never half a character";
}

TEST(Error, EveryKindHasItsOwnStatusAndName) {
  std::set<int> statuses{0, 1};  // success, and "the answer is no"
  std::set<std::string_view> names;
  for (const auto kind :
       {ErrorKind::usage, ErrorKind::input, ErrorKind::checkpoint, ErrorKind::output,
        ErrorKind::memory, ErrorKind::canceled, ErrorKind::internal}) {
    EXPECT_TRUE(statuses.insert(exit_code(kind)).second) << to_string(kind);
    EXPECT_TRUE(names.insert(to_string(kind)).second);
  }
}

}  // namespace
}  // namespace headroom
