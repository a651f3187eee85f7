// A track that is encoded while it arrives has the bits of one that was encoded whole.
#include <gtest/gtest.h>

#include "studio/small_session.h"

namespace headroom::studio {
namespace {

constexpr std::int64_t kPool = 9600;  // samples; what may be encoded ahead is whole pools

memory::TaskInfo info() {
  return {.name = "encode",
          .owner = "upload",
          .priority = memory::Priority::background,
          .deadline = {}};
}

class EncodeAhead : public testing::Test {
 protected:
  EncodedStart ahead(const at::Tensor& come, EncodedStart start) {
    EncodeTask task(studio_.networks(), info(), come, 1, no_progress(), std::move(start),
                    EncodeTask::End::to_come);
    studio_.executor().run(task);
    return task.encoded();
  }
  at::Tensor finish(const at::Tensor& audio, EncodedStart start) {
    EncodeTask task(studio_.networks(), info(), audio, 1, no_progress(), std::move(start));
    studio_.executor().run(task);
    return task.latents();
  }
  std::uint64_t chunks() { return studio_.telemetry().count("step", "encode"); }

  Studio studio_{SmallModel::shared().open(), small_settings(512 * kMiB)};
};

TEST_F(EncodeAhead, TheBitsAreThoseOfTheWhole) {
  // Around the ends of chunks: 375 frames are one, 718 are two.
  for (const std::int64_t pools : {74, 75, 76, 130, 143, 144, 147, 220}) {
    const auto audio = test_audio(static_cast<double>(pools * kPool) / 48000.0);
    ASSERT_EQ(audio.size(1), pools * kPool);
    const auto before = chunks();
    const auto whole = finish(audio, {});
    const auto of_whole = chunks() - before;
    ASSERT_GT(of_whole, 0U);
    EncodedStart start;
    for (std::int64_t come = kPool; come < audio.size(1); come += 7 * kPool)
      start = ahead(audio.narrow(1, 0, come), start);
    start = ahead(audio, start);
    const auto early = start.frames;
    const auto pieces = finish(audio, start);
    EXPECT_TRUE(pieces.equal(whole)) << pools << " pools";
    EXPECT_EQ(chunks() - before, 2 * of_whole) << pools << " pools: no chunk twice";
    EXPECT_EQ(early > 0, pools > 75) << "a track of one chunk waits for its end";
    EXPECT_LT(early, audio.size(1) / 1920);
  }
}

// A stop between two chunks keeps what is done.
TEST_F(EncodeAhead, GoesOnAfterAStop) {
  class OneStep : public Progress {
   public:
    void stage(std::string_view, std::int64_t) override {}
    void step() override { throw Error(ErrorKind::canceled, "stop"); }
  } one_step;
  const auto audio = test_audio(45.0);
  EncodeTask task(studio_.networks(), info(), audio, 1, one_step, {}, EncodeTask::End::to_come);
  EXPECT_THROW(studio_.executor().run(task), Error);
  EXPECT_EQ(task.encoded().frames, 375 - 2 * kEncodeMargin);
  EXPECT_TRUE(finish(audio, task.encoded()).equal(finish(audio, {})));
}

}  // namespace
}  // namespace headroom::studio
