// Two sessions that play at once: ticks that are due together are one step and one call of the
// network, and neither session can tell.
#include "studio/ensemble.h"

#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "studio/small_session.h"

namespace headroom::studio {
namespace {

using namespace std::chrono_literals;
using memory::Priority;

constexpr std::int64_t kFrames = 250;
constexpr std::int64_t kRows = 40;
const diffusion::RingSettings kRing{.steps = 3, .depth = 2};

// Keeps the executor between two steps until it is let go.
class Rest {
 public:
  explicit Rest(memory::Executor& executor) {
    std::promise<void> begun;
    thread_ = std::thread([&executor, &begun, end = end_.get_future().share()] {
      executor.between_steps([&](memory::Residency&) {
        begun.set_value();
        end.wait();
      });
    });
    begun.get_future().wait();
  }
  ~Rest() { let_go(); }
  void let_go() {
    if (!thread_.joinable()) return;
    end_.set_value();
    thread_.join();
  }

 private:
  std::promise<void> end_;
  std::thread thread_;
};

class TwoSessions : public testing::Test {
 protected:
  TwoSessions() {
    one_.lay_out(kFrames, kRows);
    two_.lay_out(kFrames, kRows);
  }

  diffusion::Request request(std::uint64_t seed, std::int64_t frames = kFrames,
                             std::int64_t rows = kRows) {
    diffusion::NoiseGenerator noise(seed);
    const auto& dit = studio_.networks().configs().dit;
    diffusion::Request request;
    request.conditions = {{.states = noise.normal({1, rows, dit.encoder.hidden}), .mask = {}}};
    request.context = make_context(noise.normal({1, frames, dit.latent_channels}));
    request.seed = seed;
    return request;
  }
  static Stream::Prepare submits(Stream& stream, const diffusion::Request& request) {
    return [&stream, request](diffusion::Ring& ring) {
      ASSERT_TRUE(ring.submit(stream.placed(request)));
    };
  }
  struct Outcome {
    std::optional<diffusion::Finished> finished{};
    std::string error{};
  };
  static Outcome outcome(Stream& stream, const Stream::Prepare& prepare, Priority priority) {
    try {
      return {stream.tick(priority, prepare), {}};
    } catch (const std::exception& error) {
      return {{}, error.what()};
    }
  }
  // One tick of both, due while the executor does something else.
  std::pair<Outcome, Outcome> both(const Stream::Prepare& of_one, const Stream::Prepare& of_two,
                                   Priority priority_two = Priority::realtime) {
    Rest rest(studio_.executor());
    auto one =
        std::async(std::launch::async, [&] { return outcome(one_, of_one, Priority::realtime); });
    while (studio_.executor().waiting() < 1) std::this_thread::sleep_for(1ms);
    auto two = std::async(std::launch::async, [&] { return outcome(two_, of_two, priority_two); });
    while (studio_.executor().waiting() < 2) std::this_thread::sleep_for(1ms);
    rest.let_go();
    return {one.get(), two.get()};
  }
  Ensemble::Counts counts() {
    Ensemble::Counts counts;
    studio_.executor().between_steps(
        [&](memory::Residency&) { counts = studio_.ensemble().counts(); });
    return counts;
  }
  std::uint64_t steps() { return studio_.telemetry().count("step", "tick"); }
  at::Tensor alone(const diffusion::Request& request) {
    Studio other(SmallModel::shared().open(), small_settings(512 * kMiB));
    Stream stream(other, "alone", kRing);
    stream.lay_out(kFrames, kRows);
    return stream.run(request, Priority::realtime);
  }

  Studio studio_{SmallModel::shared().open(), small_settings(512 * kMiB, true)};
  Stream one_{studio_, "one", kRing};
  Stream two_{studio_, "two", kRing};
};

TEST_F(TwoSessions, ShareStepsAndCallsAndKeepTheirBits) {
  const auto a = request(1);
  const auto b = request(2, kFrames, kRows - 13);
  const auto submit_a = submits(one_, a);
  const auto submit_b = submits(two_, b);
  std::optional<diffusion::Finished> of_a;
  std::optional<diffusion::Finished> of_b;
  constexpr int kTicks = 3;
  for (int i = 0; i < kTicks; ++i) {
    auto [one, two] = both(i == 0 ? submit_a : nullptr, i == 0 ? submit_b : nullptr);
    ASSERT_EQ(one.error + two.error, "");
    if (one.finished) of_a = one.finished;
    if (two.finished) of_b = two.finished;
  }
  EXPECT_EQ(steps(), kTicks);
  EXPECT_EQ(counts().calls, kTicks);
  EXPECT_EQ(counts().ticks, 2 * kTicks);
  ASSERT_TRUE(of_a && of_b);
  EXPECT_TRUE(of_a->latent.equal(alone(a)));
  EXPECT_TRUE(of_b->latent.equal(alone(b)));
  EXPECT_EQ(check_books(studio_), "");
}

TEST_F(TwoSessions, OfDifferentLengthGoTogetherToo) {
  constexpr std::int64_t kLonger = 400;
  two_.lay_out(kLonger, kRows);
  const auto a = request(1);
  const auto b = request(2, kLonger);
  const auto [one, two] = both(submits(one_, a), submits(two_, b));
  EXPECT_EQ(one.error + two.error, "");
  EXPECT_EQ(steps(), 1U);
  EXPECT_EQ(check_books(studio_), "") << "the larger one's plan holds for both";
}

TEST_F(TwoSessions, NobodyWaitsForWhoIsNotDue) {
  (void)one_.tick(Priority::realtime, submits(one_, request(1)));
  EXPECT_EQ(counts().ticks, 1U);
  (void)two_.tick(Priority::realtime, submits(two_, request(2)));
  EXPECT_EQ(counts().calls, 2U);
}

TEST_F(TwoSessions, WhatIsHeardDoesNotCarryBackgroundWork) {
  const auto [one, two] =
      both(submits(one_, request(1)), submits(two_, request(2)), Priority::background);
  EXPECT_EQ(one.error + two.error, "");
  EXPECT_EQ(steps(), 2U);
}

TEST_F(TwoSessions, AnErrorOfOneIsNotTheOthers) {
  const Stream::Prepare broken = [](diffusion::Ring&) { throw std::runtime_error("broken"); };
  for (const bool first : {true, false}) {
    const auto good = request(first ? 2 : 1);
    auto& stream = first ? two_ : one_;
    const auto works = submits(stream, good);
    auto [one, two] = first ? both(broken, works) : both(works, broken);
    EXPECT_EQ((first ? one : two).error, "broken");
    EXPECT_EQ((first ? two : one).error, "");
    std::optional<diffusion::Finished> finished;
    for (int i = 0; i < 2; ++i) finished = stream.tick(Priority::realtime);
    ASSERT_TRUE(finished);
    EXPECT_TRUE(finished->latent.equal(alone(good)));
  }
}

// The network came for one of them; the other has only ever gone along.
TEST_F(TwoSessions, WhoGoesAlongKeepsTheNetworkWhenTheOtherLeaves) {
  const memory::Executor::Live two(studio_.executor(), "two");
  {
    const memory::Executor::Live one(studio_.executor(), "one");
    const auto [first, second] = both(submits(one_, request(1)), submits(two_, request(2)));
    ASSERT_EQ(first.error + second.error, "");
    ASSERT_EQ(steps(), 1U);
  }
  studio_.executor().between_steps(
      [&](memory::Residency&) { EXPECT_TRUE(studio_.networks().dit.component->resident()); });
}

// A device that has no room for both serves one after the other; the bits stay.
TEST_F(TwoSessions, ARefusedStepServesThemOneByOne) {
  const auto a = request(1);
  const auto b = request(2);
  faults(studio_).arm(
      {.mode = memory::FaultPlan::Mode::once, .n = 1, .bytes = 0, .purpose = "tick"});
  const auto [one, two] = both(submits(one_, a), submits(two_, b));
  EXPECT_EQ(faults(studio_).failures(), 1U);
  faults(studio_).disarm();
  EXPECT_EQ(one.error + two.error, "");
  EXPECT_EQ(steps(), 2U);
  std::optional<diffusion::Finished> of_a;
  std::optional<diffusion::Finished> of_b;
  for (int i = 0; i < 2; ++i) {
    auto [again_one, again_two] = both(nullptr, nullptr);
    of_a = again_one.finished;
    of_b = again_two.finished;
  }
  ASSERT_TRUE(of_a && of_b);
  EXPECT_TRUE(of_a->latent.equal(alone(a)));
  EXPECT_TRUE(of_b->latent.equal(alone(b)));
}

}  // namespace
}  // namespace headroom::studio
