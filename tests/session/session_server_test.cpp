// Sessions with real (small) networks on a budgeted device: what a client hears and is told.
#include <map>

#include "session/listener.h"

namespace headroom::session {
namespace {

wire::Params turn(nlohmann::json raw, double position = 0.0) {
  wire::Params params;
  params.raw = std::move(raw);
  params.playback_pos = position;
  return params;
}

// The samples of the latest slice when so many generations have come out.
std::vector<float> heard_after(Listener& listener, std::uint32_t generations) {
  std::size_t from = 0;
  for (int i = 0; i < 5000; ++i) {
    const auto slice = listener.wait<wire::Slice>(from);
    if (!slice.samples) return {};
    if (slice.generations >= generations) return *slice.samples;
  }
  ADD_FAILURE() << "so many generations never came";
  return {};
}

TEST(Session, BeginsWithReadyAndThenMakesMusic) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start({.prompt = "soft pads"}), listener.publish());
  const auto ready = listener.wait<wire::Ready>();
  EXPECT_EQ(listener.type(0), "ready") << "nothing may come before it";
  EXPECT_EQ(ready.duration, 4.0);
  EXPECT_EQ(ready.channels, 2);
  EXPECT_EQ(ready.session_id, "abcdefgh");
  ASSERT_TRUE(ready.buffer);
  EXPECT_EQ(ready.buffer->size(), 2 * 4 * 48000U);
  session.post(turn({{"denoise", 0.8}}));
  EXPECT_FALSE(heard_after(listener, 2).empty());
  const auto update = listener.wait<wire::ParamsUpdate>();
  EXPECT_TRUE(update.params.contains("num_gens"));
  EXPECT_TRUE(session.playing());
}

TEST(Session, WhatComesBeforeReadyIsCarriedOutAfterIt) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start({.prompt = "soft pads"}), listener.publish());
  session.post(wire::Prompt{.tags = "hard drums", .request_id = "1"});
  session.post(wire::Prompt{.tags = "brass", .request_id = "2"});
  EXPECT_EQ(listener.wait<wire::PromptApplied>().request_id, "1");
  EXPECT_EQ(listener.wait<wire::PromptApplied>().request_id, "2");
  EXPECT_EQ(listener.type(0), "ready");
  EXPECT_EQ(session.snapshot().prompt, "brass");
}

TEST(Session, GivesAllMemoryBackWhenItEnds) {
  Hall hall;
  for (int i = 0; i < 3; ++i) {
    Listener listener;
    Session session(hall.stage, start(), listener.publish());
    (void)listener.wait<wire::Ready>();
    session.post(turn({{"denoise", 0.8}}));
    (void)listener.wait<wire::Slice>();
  }
  hall.studio.executor().between_steps([](memory::Residency& r) { r.park_idle(); });
  EXPECT_EQ(hall.studio.device().usage().used, 0U);
}

TEST(Session, CanBeEndedAtAnyMoment) {
  Hall hall;
  for (const int delay : {0, 1, 5, 20, 60, 150, 400}) {
    Listener listener;
    Session session(hall.stage, start(), listener.publish());
    std::this_thread::sleep_for(std::chrono::milliseconds(delay));
  }
  SUCCEED();
}

TEST(Session, AKnobIsHeard) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  const auto ready = listener.wait<wire::Ready>();
  session.post(turn({{"denoise", 0.0}}));
  (void)heard_after(listener, 3);
  const auto before = listener.count();
  session.post(turn({{"denoise", 1.0}, {"seed", 5}}));
  // Some generations of the old strength are still under way.
  std::size_t from = before;
  std::uint32_t last = listener.wait<wire::Slice>(from).generations;
  wire::Slice slice;
  do slice = listener.wait<wire::Slice>(from);
  while (slice.samples && slice.generations < last + 8);
  EXPECT_EQ(listener.wait<wire::ParamsUpdate>(from).params.value("denoise", 0.0), 1.0);
}

TEST(Session, APromptIsAnsweredInOrder) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  session.post(wire::Prompt{.tags = "drums only", .request_id = "1"});
  session.post(wire::Prompt{.tags = "bells", .tags_b = "choir", .request_id = "2"});
  EXPECT_EQ(listener.wait<wire::PromptApplied>().request_id, "1");
  EXPECT_EQ(listener.wait<wire::PromptApplied>().request_id, "2");
  const auto state = session.snapshot();
  EXPECT_EQ(state.prompt, "bells");
  EXPECT_EQ(state.prompt_b, "choir");
}

TEST(Session, ABadPromptIsRefusedAndTheMusicGoesOn) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  session.post(wire::Prompt{.tags = std::string(100'000, 'a'), .request_id = "7"});
  const auto failed = listener.wait<wire::CommandFailed>();
  EXPECT_EQ(failed.request_id, "7");
  EXPECT_FALSE(failed.error.empty());
  auto from = listener.count();
  session.post(turn({{"denoise", 0.7}}));
  (void)listener.wait<wire::Slice>(from);
}

TEST(Session, ASwapPlaysTheNewSourceAndNothingOfTheOldOne) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  session.post(turn({{"denoise", 0.7}}));
  (void)heard_after(listener, 1);
  session.post(wire::SwapSource{.tags = "bells", .fixture_name = "mine"}, sound(6.0, 9));
  const auto ready = listener.wait<wire::SwapReady>();
  EXPECT_EQ(ready.duration, 6.0);
  EXPECT_EQ(ready.fixture_name, "mine");
  EXPECT_EQ(ready.buffer->size(), 2 * 6 * 48000U);
  std::size_t from = 0;
  (void)listener.wait<wire::SwapReady>(from);
  EXPECT_TRUE(listener.wait<wire::Slice>(from).samples);
  EXPECT_EQ(session.snapshot().prompt, "bells");
}

TEST(Session, AFailedSwapLeavesTheOldSourcePlaying) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  session.post(wire::SwapSource{.fixture_name = "nowhere", .use_server_source = true});
  EXPECT_NE(listener.wait<wire::SwapFailed>().error.find("nowhere"), std::string::npos);
  session.post(wire::SwapSource{}, sound(0.3));
  EXPECT_NE(listener.wait<wire::SwapFailed>().error.find("at least 1 s"), std::string::npos);
  auto from = listener.count();
  session.post(turn({{"denoise", 0.6}}));
  (void)listener.wait<wire::Slice>(from);
  EXPECT_EQ(session.snapshot().duration, 4.0);
}

TEST(Session, StemsComeWithTheSourceWhenTheyAreAskedFor) {
  Hall hall;
  Listener listener;
  auto config = wire::SessionConfig{.stem_source_mode = wire::StemMode::vocals};
  Session session(hall.stage, start(config), listener.publish());
  (void)listener.wait<wire::Ready>();
  const auto stems = listener.wait<wire::StemAssets>();
  EXPECT_EQ(stems.frames, 4 * 48000);
  EXPECT_EQ(stems.source_mode, wire::StemMode::vocals);
  ASSERT_EQ(stems.audio.size(), 2U);
  EXPECT_EQ(stems.audio[0]->size(), 2 * 4 * 48000U);
}

TEST(Session, ReferencesAreTakenAndCleared) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  session.post(wire::TimbreSource{.name = "bell"}, sound(2.0, 3));
  EXPECT_EQ(listener.wait<wire::TimbreSet>().duration, 2.0);
  EXPECT_EQ(session.snapshot().timbre_name, "bell");
  session.post(wire::TimbreSource{.name = "tick"}, sound(0.1, 3));
  EXPECT_EQ(listener.wait<wire::TimbreFailed>().error, "timbre clip too short");
  EXPECT_EQ(session.snapshot().timbre_name, "bell") << "the old one stays";
  session.post(wire::ClearTimbre{});
  (void)listener.wait<wire::TimbreCleared>();
  session.post(wire::StructureSource{.name = "beat"}, sound(6.0, 3));
  EXPECT_EQ(listener.wait<wire::StructureSet>().duration, 6.0);
  session.post(wire::ClearStructure{});
  (void)listener.wait<wire::StructureCleared>();
  EXPECT_FALSE(session.snapshot().structure_name);
}

// W8: a client names files only inside the server's folders, whatever the path looks like.
TEST(Session, LoraFilesOfClientsLieInTheServersFolders) {
  Hall hall;
  const auto folder = hall.folder.path() / "loras";
  const auto write = [](const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << std::string("\x02\0\0\0\0\0\0\0{}", 10);
    return path;
  };
  const auto outside = write(hall.folder.path() / "elsewhere" / "secret.safetensors");
  EXPECT_FALSE(hall.loras.add(outside));
  EXPECT_FALSE(hall.loras.add(folder / ".." / "elsewhere" / "secret.safetensors"));
  std::filesystem::create_directories(folder);
  std::filesystem::create_symlink(outside, folder / "link.safetensors");
  EXPECT_FALSE(hall.loras.add(folder / "link.safetensors"));
  EXPECT_TRUE(hall.loras.add(write(folder / "mine.safetensors")));
}

TEST(Session, DepthAndGuidanceChangeWhileItPlays) {
  Hall hall;
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  (void)listener.wait<wire::Ready>();
  session.post(wire::SetDepth{.value = 8});
  EXPECT_EQ(listener.wait<wire::DepthApplied>().value, 8);
  // A fader for channels that this model does not have does nothing.
  session.post(turn({{"denoise", 0.8},
                     {"rcfg_mode", "full"},
                     {"guidance_scale", 4.0},
                     {"ch_g0", 1.5},
                     {"ch_g7", 0.5}}));
  (void)heard_after(listener, 10);
  session.post(wire::SetDepth{.value = 1});
  EXPECT_EQ(listener.wait<wire::DepthApplied>().value, 1);
  EXPECT_EQ(listener.count_of<wire::RuntimeError>(), 0U);
}

TEST(Session, ATrackThatIsNotThereIsSaidAtOnce) {
  Hall hall;
  Listener listener;
  Session session(hall.stage,
                  {.id = "x", .config = {.fixture_name = "nowhere", .use_server_fixture = true}},
                  listener.publish());
  const auto error = listener.wait<wire::InitError>();
  EXPECT_EQ(error.code, "fixture_unavailable");
  EXPECT_EQ(listener.count_of<wire::Ready>(), 0U);
}

TEST(Session, WhatDoesNotFitIsRefusedWithWhatWould) {
  Hall hall(90 * kMiB);
  Listener listener;
  Session session(hall.stage, start(), listener.publish());
  const auto error = listener.wait<wire::InitError>();
  EXPECT_EQ(error.code, "memory_refused");
  EXPECT_TRUE(error.required_bytes);
  EXPECT_TRUE(error.available_bytes);
}

TEST(Session, AListenerWhoComesBackHearsWhereHeIs) {
  Hall hall;
  Listener first;
  Listener second;  // both outlive the session, which tells them things to its end
  Session session(hall.stage, start({.prompt = "soft pads"}), first.publish());
  (void)first.wait<wire::Ready>();
  session.post(turn({{"denoise", 0.8}}));
  (void)heard_after(first, 1);
  session.detach();
  const auto told = first.count();
  session.attach(second.publish());
  const auto ready = second.wait<wire::Ready>();
  ASSERT_TRUE(ready.resumed);
  EXPECT_EQ(ready.resumed->prompt, "soft pads");
  EXPECT_EQ(ready.resumed->knob_values.value("denoise", 0.0), 0.8);
  (void)second.wait<wire::Slice>();
  EXPECT_EQ(first.count(), told) << "the one who left is told nothing";
}

}  // namespace
}  // namespace headroom::session
