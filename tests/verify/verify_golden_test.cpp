#include <gtest/gtest.h>

#include "verify/verify.h"

namespace headroom::verify {
namespace {
TEST(Verify, tmp) {
  const char* list = std::getenv("FILES");
  std::string s = list ? list : "";
  size_t at = 0;
  while (at < s.size()) {
    auto end = s.find(' ', at);
    if (end == s.npos) end = s.size();
    try {
      const auto r = verify_file(s.substr(at, end - at));
      std::fputs(to_text(r).c_str(), stdout);
    } catch (const std::exception& e) {
      std::printf("ERROR %s\n", e.what());
    }
    at = end + 1;
  }
}
}  // namespace
}  // namespace headroom::verify
