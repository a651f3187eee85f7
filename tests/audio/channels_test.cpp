#include "audio/channels.h"

#include <gtest/gtest.h>

#include "expect_error.h"

namespace headroom {
namespace {

TEST(Channels, MonoIsDuplicated) {
  const auto mono = at::rand({1, 7});
  const auto stereo = to_stereo(mono);
  ASSERT_EQ(stereo.size(0), 2);
  EXPECT_TRUE(at::equal(stereo[0], mono[0]));
  EXPECT_TRUE(at::equal(stereo[1], mono[0]));
}

TEST(Channels, StereoStaysTheSameTensor) {
  const auto audio = at::rand({2, 7});
  EXPECT_EQ(to_stereo(audio).data_ptr(), audio.data_ptr());
}

TEST(Channels, ManyBecomeTheFirst) {
  const auto audio = at::rand({6, 7});
  EXPECT_TRUE(at::equal(to_stereo(audio), audio.narrow(0, 0, 2)));
}

TEST(Channels, FewRepeatTheLast) {
  const auto audio = at::rand({2, 7});
  const auto four = to_channels(audio, 4);
  EXPECT_TRUE(at::equal(four.narrow(0, 0, 2), audio));
  EXPECT_TRUE(at::equal(four[2], audio[1]));
  EXPECT_TRUE(at::equal(four[3], audio[1]));
}

TEST(Channels, OneIsTheMeanOrTheFirst) {
  const auto audio = at::tensor({1.0F, 2.0F, 3.0F, 6.0F}).view({2, 2});
  EXPECT_TRUE(at::equal(to_mono(audio), at::tensor({2.0F, 4.0F})));
  EXPECT_TRUE(at::equal(to_channels(audio, 1, Downmix::keep_first)[0], audio[0]));
}

TEST(Channels, MeanOfBlocksIsTheMeanOfTheWhole) {
  const auto audio = at::randn({7, 1001});
  const auto whole = to_mono(audio);
  for (std::int64_t from = 0; from < 1001; from += 77) {
    const auto n = std::min<std::int64_t>(77, 1001 - from);
    EXPECT_TRUE(at::equal(to_mono(audio.narrow(1, from, n)), whole.narrow(0, from, n)));
  }
}

TEST(Channels, RefusesOtherShapes) {
  EXPECT_ERROR(to_stereo(at::rand({5})), ErrorKind::internal, "to_channels");
}

}  // namespace
}  // namespace headroom
