#include "audio/crossfade.h"

#include <gtest/gtest.h>

#include "expect_error.h"

namespace headroom {
namespace {

TEST(Crossfade, RampsIncludeBothEnds) {
  EXPECT_TRUE(at::allclose(linear_ramp(5), at::tensor({0.0F, 0.25F, 0.5F, 0.75F, 1.0F})));
  EXPECT_EQ(linear_ramp(0).size(0), 0);
  EXPECT_EQ(linear_ramp(1)[0].item<float>(), 0.0F);
}

TEST(Crossfade, TrapezoidIsSymmetric) {
  const auto window = trapezoid_window(20, 5);
  EXPECT_TRUE(at::equal(window, window.flip(0)));
  EXPECT_EQ(window[0].item<float>(), 0.0F);
  EXPECT_EQ(window[4].item<float>(), 1.0F);
  EXPECT_EQ(window[10].item<float>(), 1.0F);
}

TEST(Crossfade, EndsCanStayOpen) {
  EXPECT_EQ(trapezoid_window(20, 5, {.head = false}).narrow(0, 0, 15).min().item<float>(), 1.0F);
  EXPECT_EQ(trapezoid_window(20, 5, {.tail = false}).narrow(0, 5, 15).min().item<float>(), 1.0F);
  EXPECT_EQ(trapezoid_window(9, 0).min().item<float>(), 1.0F);
}

TEST(Crossfade, RefusesFadesThatOverlap) {
  EXPECT_ERROR(trapezoid_window(9, 5), ErrorKind::internal, "two fades");
}

}  // namespace
}  // namespace headroom
