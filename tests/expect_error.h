// EXPECT_ERROR(statement, kind, fragment): it throws headroom::Error of that kind, and the message
// is one line with the fragment in it.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/error.h"

namespace headroom {

template <class Body>
void expect_error(Body&& body, ErrorKind kind, std::string_view fragment) {
  try {
    body();
  } catch (const Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << message;
    EXPECT_NE(message.find(fragment), std::string::npos)
        << "\"" << message << "\" does not say \"" << fragment << "\"";
    EXPECT_EQ(message.find_first_of("\n\r\t"), std::string::npos) << message;
    return;
  }
  ADD_FAILURE() << "nothing was thrown; expected \"" << fragment << "\"";
}

}  // namespace headroom

#define EXPECT_ERROR(statement, kind, fragment) \
  ::headroom::expect_error([&] { statement; }, kind, fragment)
