#include <gtest/gtest.h>

#include "audio/stems.h"
#include "support/golden.h"

namespace headroom {
namespace {

TEST(StemsGolden, FitsAsTheReferenceDoes) {
  const Golden golden("stem_fit");
  for (int i = 0; i < 8; ++i) {
    const auto shape = golden(fmt::format("in.target_shape.{}", i));
    const auto fitted =
        fit_stem(golden(fmt::format("in.wf.{}_nonfinite", i)), shape[0].item<std::int64_t>(),
                 shape[1].item<std::int64_t>(), NonFinite::saturate);
    EXPECT_TRUE(at::equal(fitted, golden(fmt::format("out.wf.{}", i)))) << "case " << i;
  }
}

}  // namespace
}  // namespace headroom
