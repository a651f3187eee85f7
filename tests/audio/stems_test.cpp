#include "audio/stems.h"

#include <limits>

#include <gtest/gtest.h>

#include "expect_error.h"

namespace headroom {
namespace {

TEST(Stems, InfinitiesBecomeSilence) {
  const float inf = std::numeric_limits<float>::infinity();
  const auto stem = at::tensor({1.0F, inf, -inf, std::numeric_limits<float>::quiet_NaN()});
  EXPECT_TRUE(at::equal(fit_stem(stem, 1, 4)[0], at::tensor({1.0F, 0.0F, 0.0F, 0.0F})));
}

TEST(Stems, TheResultIsACopy) {
  const auto stem = at::ones({2, 4});
  fit_stem(stem, 2, 4).zero_();
  EXPECT_EQ(stem.min().item<float>(), 1.0F);
}

TEST(Stems, RefusesBatches) {
  EXPECT_ERROR(fit_stem(at::zeros({2, 2, 4}), 2, 4), ErrorKind::internal, "stem");
}

}  // namespace
}  // namespace headroom
