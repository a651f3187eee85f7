// Every allocation may fail: whole operations of a session, the n-th request of a device refused
// once or from then on, for every n until the operation gets through.
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "studio/small_session.h"

namespace headroom::studio {
namespace {

using memory::FaultPlan;

struct Operation {
  std::string name;
  std::function<void(SmallSession&)> run;
};

std::vector<Operation> operations() {
  const auto audio = test_audio(0.3);
  const auto mixture = test_audio(0.5, 44100);
  return {{"encode", [=](SmallSession& s) { (void)s.encode(audio); }},
          {"structure",
           [=](SmallSession& s) {
             (void)s.hints(at::zeros({1, 8, 16}));
           }},
          {"prompt", [](SmallSession& s) { s.prompt("soft pads"); }},
          {"tick", [](SmallSession& s) { (void)s.tick(); }},
          {"window", [](SmallSession& s) { (void)s.window(); }},
          {"swap", [=](SmallSession& s) { s.swap(audio); }},
          {"rip", [=](SmallSession& s) { s.studio().executor().run(*s.rip(mixture, "upload")); }}};
}

// Parks everything that idles, so that each try pays for its restores.
void park_all(Studio& studio) {
  studio.executor().between_steps([](memory::Residency& r) {
    r.park_idle();
    r.trim();
  });
}

class EveryAllocation : public testing::TestWithParam<FaultPlan::Mode> {};

TEST_P(EveryAllocation, MayFail) {
  Studio studio(SmallModel::shared().open(), small_settings(512 * kMiB));
  SmallSession session(studio);
  session.open(test_audio(0.4), "drums");
  for (const auto& operation : operations()) {
    operation.run(session);
    park_all(studio);
    faults(studio).arm({.mode = FaultPlan::Mode::once, .n = ~0ULL, .bytes = 0, .purpose = ""});
    operation.run(session);
    const auto requests = faults(studio).requests();
    std::uint64_t failed = 0;
    // All of the first hundred, which restore weights, and further ones in steps that visit each
    // place of the repeating layers; every one of them, for ten minutes, where that is asked for.
    const std::uint64_t step = std::getenv("HEADROOM_EVERY_ALLOCATION") != nullptr ? 1 : 7;
    for (std::uint64_t n = 1; n <= requests; n += n < 100 ? 1 : step) {
      session.stream().clear();
      park_all(studio);
      const auto used = studio.device().usage().used;
      const auto frames = session.stream().frames();
      faults(studio).arm({.mode = GetParam(), .n = n, .bytes = 0, .purpose = ""});
      bool threw = false;
      try {
        operation.run(session);
      } catch (const Error& error) {
        threw = true;
        ASSERT_EQ(error.kind(), ErrorKind::memory) << operation.name << ": " << error.what();
      }
      failed += threw ? 1 : 0;
      faults(studio).disarm();
      ASSERT_EQ(check_books(studio), "") << operation.name << ", n = " << n;
      if (threw) {
        ASSERT_EQ(session.stream().frames(), frames);
        session.stream().clear();
        park_all(studio);
        ASSERT_EQ(studio.device().usage().used, used) << operation.name << ", n = " << n;
      }
      ASSERT_NO_THROW((void)session.window()) << "the music goes on after " << operation.name;
    }
    if (GetParam() == FaultPlan::Mode::from) {
      EXPECT_GT(failed, 20U) << operation.name << " of " << requests << " requests";
    } else {
      EXPECT_EQ(failed, 0U) << operation.name << ": one refusal is answered by one retry";
    }
    ASSERT_NO_THROW(operation.run(session));
  }
}

INSTANTIATE_TEST_SUITE_P(OnceAndForEver, EveryAllocation,
                         testing::Values(FaultPlan::Mode::once, FaultPlan::Mode::from),
                         [](const auto& info) {
                           return info.param == FaultPlan::Mode::once ? "Once" : "ForEver";
                         });

}  // namespace
}  // namespace headroom::studio
