// A thousand random operations at the smallest budget that a plan allows: no refusal, no
// out-of-memory, nothing leaked, and every idle returns to the same floor.
#include <random>

#include <gtest/gtest.h>

#include "studio/small_session.h"

namespace headroom::studio {
namespace {

constexpr int kOperations = 1000;

struct Story {
  Studio& studio;
  std::mt19937 random;
  std::unique_ptr<SmallSession> session{};
  std::vector<memory::Ticket> rips{};
  std::string last{};

  double seconds() {
    // Most sources are short; some have minutes.
    return random() % 120 == 0 ? 60.0 + random() % 180
                               : 0.05 * static_cast<double>(1 + random() % 60);
  }

  void end_session() {
    finish_rips(random() % 2 == 0);
    session.reset();
    studio.executor().between_steps([](memory::Residency& r) {
      r.park_idle();
      r.trim();
    });
  }

  void finish_rips(bool cancel) {
    for (auto& rip : rips) {
      if (cancel) studio.executor().cancel(rip.id);
      try {
        rip.done.get();
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::canceled) << error.what();
      }
    }
    rips.clear();
  }

  void step() {
    if (!session) {
      last = "open";
      session = std::make_unique<SmallSession>(studio);
      session->open(test_audio(seconds()), "drums");
      return;
    }
    switch (random() % 10) {
      case 0:
      case 1:
      case 2:
        last = "tick";
        (void)session->tick();
        break;
      case 3:
        last = "window";
        (void)session->window();
        break;
      case 4:
        last = "prompt";
        session->prompt(std::string(random() % 300, 'a'));
        break;
      case 5:
        last = "swap";
        session->swap(test_audio(seconds()));
        break;
      case 6:
        last = "upload";
        session->upload(test_audio(std::min(4.0, seconds())), "upload");
        break;
      case 7:
        last = "rip";
        rips.push_back(studio.executor().submit(
            session->rip(test_audio(0.1 * static_cast<double>(1 + random() % 20), 44100), "rip")));
        break;
      case 8:
        last = "cancel";
        if (!rips.empty()) studio.executor().cancel(rips[random() % rips.size()].id);
        break;
      default:
        if (random() % 6 == 0) {
          last = "end";
          end_session();
        } else {
          last = "wait";
          finish_rips(false);
        }
    }
  }
};

TEST(RandomSession, AThousandOperationsAtTheSmallestBudget) {
  const auto seed = std::random_device{}();
  const auto budget = small_plan(240.0, 0).minimum;
  std::cerr << "seed " << seed << ", budget " << budget / kMiB << " MiB\n";
  Studio studio(SmallModel::shared().open(), small_settings(budget, /*threaded=*/true));
  Story story{studio, std::mt19937(seed)};
  for (int i = 0; i < kOperations; ++i) {
    ASSERT_NO_THROW(story.step()) << story.last << ", operation " << i << ", seed " << seed;
    ASSERT_EQ(check_books(studio), "") << story.last << ", operation " << i << ", seed " << seed;
    if (!story.session) {
      ASSERT_EQ(studio.ledger().leased(), 0U) << "idle, seed " << seed;
      ASSERT_LE(studio.device().usage().reserved, kMiB) << "idle, seed " << seed;
    }
  }
  story.end_session();
  EXPECT_EQ(studio.ledger().leased(), 0U);
  const auto counts = studio.telemetry().counts();
  EXPECT_FALSE(counts.contains("oom")) << "seed " << seed;
}

TEST(RandomSession, PairsOfFaultsAreAnsweredToo) {
  const auto seed = std::random_device{}();
  std::cerr << "seed " << seed << '\n';
  std::mt19937 random(seed);
  Studio studio(SmallModel::shared().open(), small_settings(512 * kMiB));
  SmallSession session(studio);
  const auto audio = test_audio(0.4);
  session.open(audio, "drums");
  for (int i = 0; i < 200; ++i) {
    studio.executor().between_steps([](memory::Residency& r) { r.park_idle(); });
    // A refusal that lasts until something has come back: recovery itself runs into it.
    faults(studio).arm({.mode = memory::FaultPlan::Mode::until_freed,
                        .n = 1 + random() % 400,
                        .bytes = random() % (8 * kMiB),
                        .purpose = ""});
    try {
      switch (random() % 4) {
        case 0:
          session.swap(audio);
          break;
        case 1:
          session.prompt("bells");
          break;
        case 2:
          studio.executor().run(*session.rip(test_audio(0.3, 44100), "u"));
          break;
        default:
          (void)session.tick();
      }
    } catch (const Error& error) {
      ASSERT_EQ(error.kind(), ErrorKind::memory) << error.what() << ", seed " << seed;
    }
    faults(studio).disarm();
    ASSERT_EQ(check_books(studio), "") << "seed " << seed << ", round " << i;
    ASSERT_NO_THROW((void)session.tick()) << "seed " << seed << ", round " << i;
  }
}

}  // namespace
}  // namespace headroom::studio
