// What uploads promise to whoever plays meanwhile, row by row: S15 to S17, S33 to S45, S54, S55,
// S58, S69; W14, W26, W43, W44, W48.
#include <future>
#include <numbers>
#include <optional>

#include <gtest/gtest.h>

#include "diffusion/noise.h"
#include "session/held_device.h"
#include "session/listener.h"

namespace headroom::session {
namespace {

using namespace std::chrono_literals;
using wire::StemMode;

class UploadPromise : public testing::Test {
 protected:
  wire::UploadOk upload(Hall& hall, const std::string& name, double seconds = 2.0,
                        std::uint64_t seed = 5) {
    Uploads& uploads = of(hall);
    uploads.begin({.name = name, .client_id = "me"}, sound(seconds, seed), answers.publish(),
                  pushed.publish());
    return answers.wait<wire::UploadOk>();
  }
  Uploads& of(Hall& hall) {
    if (!uploads_) uploads_.emplace(hall.stage);
    return *uploads_;
  }
  static wire::SwapSource swap_to(const std::string& name, StemMode mode) {
    return {.fixture_name = name, .stem_source_mode = mode, .use_server_source = true};
  }
  static std::uint64_t separations(Hall& hall) {
    return hall.studio.telemetry().count("stems_vram", "separator") / 6;
  }
  static std::uint64_t steps_of(Hall& hall, const std::string& name) {
    return hall.studio.telemetry().count("step", name);
  }
  static std::uint64_t peak(Hall& hall) {
    std::uint64_t peak = 0;
    hall.studio.executor().between_steps([&](memory::Residency&) {
      peak = hall.studio.device().usage().peak_used;
      hall.studio.device().reset_peaks();
    });
    return peak;
  }

  Listener answers;
  Listener pushed;
  std::optional<Uploads> uploads_;  // after the hall that a test makes before it
};

// Plans have no largest input: a track that no profile of the playing session could hold is taken
// in pieces, beside it.
TEST_F(UploadPromise, S15_S16_S17_AnyLengthBesideAShortSession) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  wire::Params params;
  params.raw = {{"denoise", 0.8}};
  session.post(params);
  const auto before = listener.count();
  const auto ok = upload(hall, "long", 250.0);
  EXPECT_EQ(ok.samples, 250 * 48000);
  EXPECT_GT(listener.count_of<wire::Slice>(before), 0U) << "the music goes on";
  uploads_.reset();  // its rip need not end
}

TEST_F(UploadPromise, S33_S34_S35_OnlyWhatAnUploadRunsComesToTheDevice) {
  Hall hall;
  (void)upload(hall, "a", 2.0, 1);
  (void)pushed.wait<wire::StemAssets>();
  const auto first = peak(hall);
  (void)upload(hall, "b", 2.0, 2);
  (void)pushed.wait<wire::StemAssets>();
  const auto second = peak(hall);
  EXPECT_LE(first, second) << "the first upload of a process builds nothing on the device";
  for (const auto& event : hall.studio.telemetry().recent()) {
    if (event.what != "restored" && event.what != "parked") continue;
    EXPECT_TRUE(event.name != "dit" && event.name != "text_encoder" && event.name != "vae_decoder")
        << event.name << " came to the device for an upload";
  }
  uploads_.reset();
}

TEST_F(UploadPromise, S38_AFailureAnywhereLeavesNothingBehind) {
  const auto clean = [&](Hall& hall) {
    EXPECT_EQ(hall.library.stems().count(), 0U);
    EXPECT_TRUE(hall.library.names(library::Shelf::upload).empty());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(hall.folder.path()))
      EXPECT_FALSE(entry.is_regular_file()) << entry.path();
    hall.studio.executor().between_steps(
        [&](memory::Residency&) { EXPECT_EQ(hall.studio.device().usage().used, 0U); });
  };
  {
    Hall hall;
    for (const std::string purpose : {"encode", "vae_encoder"}) {
      studio::faults(hall.studio)
          .arm({.mode = memory::FaultPlan::Mode::from, .n = 1, .bytes = 0, .purpose = purpose});
      of(hall).begin({.name = "song"}, sound(), answers.publish(), pushed.publish());
      EXPECT_EQ(answers.wait<wire::UploadFailed>().code, "memory_refused") << purpose;
      EXPECT_GT(studio::faults(hall.studio).failures(), 0U) << purpose;
      clean(hall);
    }
    studio::faults(hall.studio).disarm();
    of(hall).begin({.name = "song"}, sound(0.2), answers.publish(), pushed.publish());
    EXPECT_EQ(answers.wait<wire::UploadFailed>().code, "too_short");
    clean(hall);
    uploads_.reset();
  }
  Hall full(512 * kMiB, {.quota = 1000, .free_floor = 0});
  of(full).begin({.name = "song"}, sound(), answers.publish(), pushed.publish());
  EXPECT_EQ(answers.wait<wire::UploadFailed>().code, "quota");
  clean(full);
  uploads_.reset();
}

// In the smallest budget in which a session and one upload go, three in a row go.
TEST_F(UploadPromise, S40_OneAfterTheOtherInTheSmallestBudget) {
  for (std::uint64_t mib = 72; mib < 200; mib += 4) {
    Hall hall(mib * kMiB);
    Listener listener;
    Session session(hall.stage, start(), listener.publish());
    if (!listener.comes<wire::Ready>()) continue;
    of(hall).begin({.name = "one"}, sound(6.0, 1), answers.publish(), pushed.publish());
    if (!answers.comes<wire::UploadOk>() || !pushed.comes<wire::StemAssets>()) {
      uploads_.reset();
      continue;
    }
    SCOPED_TRACE(std::to_string(mib) + " MiB");
    for (const std::uint64_t seed : {2, 3}) {
      (void)upload(hall, "another", 6.0, seed);
      (void)pushed.wait<wire::StemAssets>();
    }
    uploads_.reset();
    return;
  }
  FAIL() << "no budget does";
}

// A drum and a triad above `root` Hz.
at::Tensor band(double bpm, double root, double seconds) {
  const auto samples = static_cast<std::int64_t>(seconds * 48000);
  const auto time = at::arange(samples, at::kDouble).div_(48000.0);
  const auto beat = at::remainder(time, 60.0 / bpm);
  auto sound = (beat * 380.0).sin_().mul_((beat * -30.0).exp_()).mul_(0.5);
  for (const double interval : {1.0, 1.25, 1.5})
    sound += (time * (2.0 * std::numbers::pi * root * interval)).sin_().mul_(0.08);
  return sound.to(at::kFloat).expand({2, samples}).contiguous();
}

TEST_F(UploadPromise, S42_TheMiddleMinuteIsListenedTo) {
  const auto middle = band(132.0, 277.18, 60.0);
  const auto ends = band(90.0, 220.0, 61.5);
  const auto of_whole = analyse(at::cat({ends, middle, ends}, 1));
  const auto of_middle = analyse(middle);
  const auto of_ends = analyse(ends);
  EXPECT_NEAR(of_middle.bpm, 132, 2);
  EXPECT_NEAR(of_ends.bpm, 90, 2);
  EXPECT_NE(of_ends.key, of_middle.key);
  EXPECT_EQ(of_whole.bpm, of_middle.bpm);
  EXPECT_EQ(of_whole.key, of_middle.key);
}

// While something else has the device, the track is listened to: both need not wait for each other.
TEST_F(UploadPromise, S43_ListeningNeedsNoDevice) {
  Hall hall;
  std::optional<HeldDevice> held(std::in_place, hall.studio.executor());
  of(hall).begin({.name = "song"}, sound(), answers.publish(), pushed.publish());
  for (int i = 0; i < 1000 && hall.studio.telemetry().count("analysed", "song") == 0; ++i)
    std::this_thread::sleep_for(10ms);
  EXPECT_EQ(hall.studio.telemetry().count("analysed", "song"), 1U);
  EXPECT_EQ(answers.count(), 0U) << "the latents are still to come";
  held.reset();
  (void)answers.wait<wire::UploadOk>();
  uploads_.reset();
}

// The swap that follows an upload makes nothing again: what it loads was just written, so it is in
// the page cache too. S44, S69.
TEST_F(UploadPromise, S44_S69_TheSwapAfterwardsMakesNothingAgain) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  const auto ok = upload(hall, "song", 4.0);
  (void)pushed.wait<wire::StemAssets>();
  const auto encodes = steps_of(hall, "encode");
  ASSERT_GT(encodes, 0U);
  const auto rips = separations(hall);
  for (const auto mode : {StemMode::full, StemMode::vocals, StemMode::instruments}) {
    session.post(swap_to(ok.name, mode));
    EXPECT_EQ(listener.wait<wire::SwapReady>().fixture_name, ok.name);
  }
  EXPECT_EQ(steps_of(hall, "encode"), encodes);
  EXPECT_EQ(separations(hall), rips);
  uploads_.reset();
}

// A rip that hangs: its mark is there and nobody resolves it.
TEST_F(UploadPromise, S54_W48_AWaitForStemsHasAnEnd) {
  Hall hall;
  hall.stage.settings.stem_wait = 1s;
  Listener listener;
  std::optional<Session> session(std::in_place, hall.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  const auto ok = upload(hall, "song");
  (void)pushed.wait<wire::StemAssets>();
  uploads_.reset();
  std::filesystem::remove_all(hall.folder.path() / "user_uploads" / "song" / "stems");
  const auto other = upload(hall, "hung", 2.0, 9);
  uploads_.reset();  // ends the rip where it is
  ASSERT_FALSE(hall.library.find(other.name)->has_stems) << "the rip was faster than its end";
  ASSERT_TRUE(hall.library.stems().mark(*other.track_id));
  const auto rips = separations(hall);
  session->post(swap_to(other.name, StemMode::vocals));
  EXPECT_NE(listener.wait<wire::SwapFailed>().error.find("timed out waiting"), std::string::npos);
  EXPECT_EQ(separations(hall), rips) << "it was separated a second time";
  // And whoever leaves does not wait for it.
  hall.stage.settings.stem_wait = 300s;
  session->post(swap_to(other.name, StemMode::vocals));
  std::this_thread::sleep_for(300ms);
  const auto leaves = std::chrono::steady_clock::now();
  session.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - leaves, 5s);
}

TEST_F(UploadPromise, S55_ACreateThatWaitsForStemsHoldsNobodyUp) {
  Hall hall;
  const auto ok = upload(hall, "song");
  uploads_.reset();
  ASSERT_FALSE(hall.library.find(ok.name)->has_stems) << "the rip was faster than its end";
  ASSERT_TRUE(hall.library.stems().mark(*ok.track_id));
  Listener waiting;
  Session first(hall.stage,
                {.id = "waits",
                 .config = {.fixture_name = ok.name,
                            .use_server_fixture = true,
                            .stem_source_mode = StemMode::vocals}},
                waiting.publish());
  Listener listener;
  Session second(hall.stage, start(), listener.publish());
  EXPECT_EQ(listener.wait<wire::Ready>().duration, 4.0);
  EXPECT_EQ(waiting.count(), 0U);
}

TEST_F(UploadPromise, S58_ASecondUploadDoesNotWaitForTheFirstRip) {
  Hall hall;
  (void)upload(hall, "first", 6.0, 1);
  EXPECT_TRUE(upload(hall, "second", 2.0, 2).stems_pending);
  EXPECT_EQ(pushed.count(), 0U) << "the first rip takes longer than the second upload";
  EXPECT_EQ(pushed.wait<wire::StemAssets>().fixture_name, "first.wav");
  EXPECT_EQ(pushed.wait<wire::StemAssets>().fixture_name, "second.wav");
  uploads_.reset();
}

// Two that come at once never get the same name, and both are there whole.
TEST_F(UploadPromise, W14_OneNameTwice) {
  Hall hall;
  Uploads other(hall.stage);
  Listener elsewhere;
  other.begin({.name = "song"}, sound(2.0, 1), elsewhere.publish(), [](const wire::Event&) {});
  const auto mine = upload(hall, "song", 2.0, 2);
  const auto theirs = elsewhere.wait<wire::UploadOk>();
  EXPECT_NE(mine.name, theirs.name);
  EXPECT_EQ(hall.library.names(library::Shelf::upload).size(), 2U);
  uploads_.reset();
}

// The new source is made whole before the old one is let go.
TEST_F(UploadPromise, W26_ASwapThatFindsNoMemoryLeavesTheSessionPlaying) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  auto& faults = studio::faults(hall.studio);
  double strength = 0.5;
  for (const std::string purpose : {"encode", "structure"}) {
    faults.arm({.mode = memory::FaultPlan::Mode::from, .n = 1, .bytes = 0, .purpose = purpose});
    session.post(wire::SwapSource{}, sound(3.0));
    EXPECT_FALSE(listener.wait<wire::SwapFailed>().error.empty());
    EXPECT_GT(faults.failures(), 0U) << purpose;
    faults.disarm();
    auto from = listener.count();
    wire::Params params;
    params.raw = {{"denoise", strength += 0.1}};
    session.post(params);
    EXPECT_TRUE(listener.wait<wire::Slice>(from).samples) << "after " << purpose;
  }
  EXPECT_EQ(listener.count_of<wire::RuntimeError>(), 0U);
}

TEST_F(UploadPromise, W44_ACreateThatFailsLateGivesAllBack) {
  Hall hall;
  studio::faults(hall.studio)
      .arm({.mode = memory::FaultPlan::Mode::from, .n = 1, .bytes = 0, .purpose = "separate"});
  Listener listener;
  {
    Session session(hall.stage, start({.stem_source_mode = StemMode::vocals}), listener.publish());
    EXPECT_EQ(listener.wait<wire::InitError>().code, "stem_extract_failed");
  }
  studio::faults(hall.studio).disarm();
  hall.studio.executor().between_steps([&](memory::Residency& residency) {
    residency.park_idle();
    EXPECT_EQ(hall.studio.device().usage().used, 0U);
  });
}

}  // namespace
}  // namespace headroom::session
