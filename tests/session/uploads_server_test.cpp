// Uploads in two phases, and sessions that swap to them meanwhile.
#include "session/listener.h"

namespace headroom::session {
namespace {

class Uploading : public testing::Test {
 protected:
  wire::UploadOk upload(const std::string& name, double seconds = 3.0, std::uint64_t seed = 5) {
    uploads_.begin({.name = name, .client_id = "me"}, sound(seconds, seed), answers_.publish(),
                   pushed_.publish());
    return answers_.wait<wire::UploadOk>();
  }

  Hall hall_;
  Listener answers_;
  Listener pushed_;
  Uploads uploads_{hall_.stage};
};

TEST_F(Uploading, S41_TheAnswerComesBeforeTheStems) {
  const auto ok = upload("my song.flac");
  EXPECT_EQ(ok.name, "my song.wav");
  EXPECT_EQ(ok.samples, 3 * 48000);
  EXPECT_TRUE(ok.stems_pending);
  EXPECT_EQ(pushed_.count(), 0U);
  EXPECT_TRUE(hall_.library.find(ok.name));
  const auto stems = pushed_.wait<wire::StemAssets>();
  EXPECT_EQ(stems.fixture_name, ok.name);
  EXPECT_FALSE(stems.source_mode) << "S48: the client's mode is left alone";
  EXPECT_EQ(stems.frames, 3 * 48000);
  EXPECT_TRUE(hall_.library.find(ok.name)->has_stems);
}

TEST_F(Uploading, S39_LeavesTheDeviceAsItFoundIt) {
  const auto used = hall_.studio.device().usage().used;
  for (int i = 0; i < 2; ++i) {
    (void)upload("song", 3.0, 5 + static_cast<std::uint64_t>(i));
    (void)pushed_.wait<wire::StemAssets>();
    std::uint64_t after = 0;
    hall_.studio.executor().between_steps(
        [&](memory::Residency&) { after = hall_.studio.device().usage().used; });
    EXPECT_EQ(after, used) << "upload " << i;
  }
}

TEST_F(Uploading, S57_TheSameContentIsOneTrack) {
  const auto first = upload("song");
  const auto again = upload("song");
  EXPECT_EQ(again.name, first.name);
  EXPECT_EQ(again.track_id, first.track_id);
  EXPECT_EQ(hall_.library.names(library::Shelf::upload).size(), 1U);
}

TEST_F(Uploading, TooShortIsSaid) {
  uploads_.begin({.name = "blip"}, sound(0.4), answers_.publish(), pushed_.publish());
  const auto failed = answers_.wait<wire::UploadFailed>();
  EXPECT_NE(failed.error.find("at least 1 s"), std::string::npos) << failed.error;
  EXPECT_TRUE(hall_.library.names(library::Shelf::upload).empty());
}

TEST_F(Uploading, S52_S53_ASwapWhileTheStemsAreOnTheirWay) {
  Listener listener;
  Session session(hall_.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  const auto rips = [this] { return hall_.studio.telemetry().count("stems_vram", "separator"); };
  const auto before = rips();  // the session's own source is split too
  const auto ok = upload("song");
  const wire::SwapSource full{
      .fixture_name = ok.name, .stem_source_mode = wire::StemMode::full, .use_server_source = true};
  session.post(full);
  EXPECT_EQ(listener.wait<wire::SwapReady>().fixture_name, ok.name);
  auto vocals = full;
  vocals.stem_source_mode = wire::StemMode::vocals;
  session.post(vocals);
  (void)listener.wait<wire::SwapReady>();
  const auto stems = listener.wait<wire::StemAssets>();
  EXPECT_EQ(stems.source_mode, wire::StemMode::vocals);
  EXPECT_EQ(pushed_.count_of<wire::StemAssets>(), 1U) << "by the upload";
  EXPECT_EQ(rips() - before, 6U) << "six phases, once";
}

TEST_F(Uploading, S50_ATrackThatIsWipedMeanwhileStaysGone) {
  const auto ok = upload("song");
  ASSERT_TRUE(hall_.library.remove(*ok.track_id));
  const auto next = upload("other", 2.0, 77);
  (void)pushed_.wait<wire::StemAssets>();
  EXPECT_FALSE(hall_.library.find(ok.name));
  EXPECT_EQ(pushed_.count_of<wire::StemAssets>(), 1U) << "no stems of the one that was wiped";
  EXPECT_EQ(hall_.library.stems().count(), 0U);
}

TEST_F(Uploading, S49_AFailedRipIsSaidAndTheTrackPlays) {
  auto& faults = studio::faults(hall_.studio);
  faults.arm({.mode = memory::FaultPlan::Mode::from, .n = 1, .bytes = 0, .purpose = "separate"});
  const auto ok = upload("song");
  EXPECT_EQ(pushed_.wait<wire::StemFailed>().fixture_name, ok.name);
  faults.disarm();
  Listener listener;
  Session session(hall_.stage,
                  {.id = "x", .config = {.fixture_name = ok.name, .use_server_fixture = true}},
                  listener.publish());
  EXPECT_EQ(listener.wait<wire::Ready>().duration, 3.0);
}

// W43: the rip runs in chunks between the ticks.
TEST_F(Uploading, S46_TheMusicGoesOnMeanwhile) {
  Listener listener;
  Session session(hall_.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  wire::Params params;
  params.raw = {{"denoise", 0.8}};
  session.post(params);
  (void)listener.wait<wire::Slice>();
  const auto ok = upload("song", 6.0);
  const auto before = listener.count();
  (void)pushed_.wait<wire::StemAssets>();
  EXPECT_GT(listener.count_of<wire::Slice>(before), 2U)
      << "slices between the answer and the stems";
}

}  // namespace
}  // namespace headroom::session
