#include "server/knob_watch.h"

#include <gtest/gtest.h>

namespace headroom::server {
namespace {

using namespace std::chrono_literals;

class Watch : public testing::Test {
 protected:
  KnobWatch::Time at(std::chrono::milliseconds time) const { return start_ + time; }
  KnobWatch watch;

 private:
  KnobWatch::Time start_ = std::chrono::steady_clock::now();
};

TEST_F(Watch, TimesATurnUntilItIsWhollyHeard) {
  watch.set_depth(4);
  watch.heed({{"denoise", 0.5}}, at(0ms));
  EXPECT_FALSE(watch.sent(10, at(10ms))) << "nothing was turned";
  watch.heed({{"denoise", 0.7}}, at(20ms));
  EXPECT_FALSE(watch.sent(14, at(100ms))) << "four were under way";
  EXPECT_DOUBLE_EQ(watch.sent(15, at(120ms)).value(), 0.1);
  EXPECT_FALSE(watch.sent(16, at(140ms))) << "once";
}

TEST_F(Watch, RepeatedValuesTurnNothing) {
  watch.heed({{"denoise", 0.5}, {"seed", 3}}, at(0ms));
  watch.heed({{"seed", 3}}, at(1ms));
  watch.heed({{"denoise", 0.5}}, at(2ms));
  EXPECT_FALSE(watch.sent(100, at(3ms)));
}

TEST_F(Watch, TheFirstOfManyTurnsIsTimed) {
  watch.set_depth(1);
  watch.heed({{"denoise", 0.5}}, at(0ms));
  for (int i = 0; i < 10; ++i)
    watch.heed({{"denoise", 0.1 * i}}, at(std::chrono::milliseconds(10 * i + 10)));
  EXPECT_DOUBLE_EQ(watch.sent(2, at(210ms)).value(), 0.2);
}

}  // namespace
}  // namespace headroom::server
